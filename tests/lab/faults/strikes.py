"""The faults: each is a step put into the plan, and what the test does when that step begins."""

from __future__ import annotations

from dataclasses import dataclass, replace

from runnerops.model.common import Result
from runnerops.model.plan import Plan
from runnerops.model.steps import Step
from tests.lab.faults.commands import WAIT
from tests.lab.faults.kinds import ON_THE_WAY_BACK

STRUCK = "/run/runnerops-lab.struck"
"""The injected step writes its run's number here: the proof that it was reached."""

_NOTE = f'echo "$1" >{STRUCK}; '


@dataclass(frozen=True, slots=True)
class Fault:
    """`script` is run as a step of the plan; `results` are the ends of that run that are honest."""

    name: str
    script: str
    results: frozenset[Result]
    after: bool = False
    """It strikes after the step, and only swaps are worth it."""
    back: bool = False
    """It strikes on the way back, of a run whose last step fails."""

    def into(self, plan: Plan, index: int, where: str) -> Plan:
        """The plan with the fault before the step of that index."""
        script = _NOTE + self.script
        step = Step("run", ("120", "sh", "-c", script, "sh", str(plan.run), f"runnerops-{plan.run}", where))
        if self.back:
            return replace(
                plan, forward=(*plan.forward, _FAILS), rollback=(*plan.rollback[:index], step, *plan.rollback[index:])
            )
        return replace(plan, forward=(*plan.forward[:index], step, *plan.forward[index:]))


_FAILS = Step("run", ("5", "false"))


_BACK = frozenset({Result.FAILED, Result.ROLLED_BACK})
_DONE = frozenset({Result.APPLIED})

WALKER = Fault("the walker is killed", 'kill -9 "$(cat holder)"; sleep 60', _BACK)
UNIT = Fault("its whole unit is killed", 'systemctl kill -s KILL --kill-who=all "$2"; sleep 60', _BACK)
COMMAND = Fault("a command fails", "echo as injected; exit 1", _BACK)
CLIENT = Fault("the client is killed", WAIT, _DONE)
CUT = Fault("the connection is cut", WAIT, _DONE)
FULL = Fault("no space is left", 'dd if=/dev/zero of="$3/.filler" bs=4k 2>/dev/null; :', _BACK | _DONE)
POWER = Fault("the host loses its power", WAIT, frozenset(), after=True)
POWER_OTHER = Fault("the host loses its power, and other things are asked then", WAIT, frozenset(), after=True)
BACK = Fault("its way back is killed, and once more", UNIT.script, frozenset({Result.UNKNOWN}), back=True)

FAULTS = (WALKER, UNIT, COMMAND, CLIENT, CUT, FULL, POWER, POWER_OTHER, BACK)


def takes(kind: str, fault: Fault) -> bool:
    """Whether that fault is struck at steps of this kind."""
    return fault.back is kind.startswith(ON_THE_WAY_BACK) and (not fault.after or kind.startswith("swap "))
