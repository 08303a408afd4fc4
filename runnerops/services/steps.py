"""Steps that several services use, and how a host checks whether a registry answers. Pure: builds argv."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Literal

from runnerops.model.common import ServiceName, Sha, Verb
from runnerops.model.facts import Unit
from runnerops.model.host_state import Intent
from runnerops.model.steps import DRAINED, ActionSteps, Step
from runnerops.services.scripts import script

ANY = "any"
"""Stands for any process or container of a service, for the intents of a rollback."""

NOTHING = "none"
"""Stands for the InvocationID or container id of a service that does not run, because the fields of a step must not be
empty.
"""


def answers(url: str, tools: Collection[str]) -> tuple[str, ...]:
    """The argv that succeeds if the registry API at `url` answers on that host, without a proxy."""
    target = f"{url.rstrip('/')}/v2/"
    if "curl" in tools or "wget" not in tools:
        return "curl", "-fsS", "--noproxy", "*", "-m", "5", "-o", "/dev/null", target
    return "wget", "-q", "-T", "5", "-O", "/dev/null", target


def guard(expected: str, *argv: str, title: str) -> Step:
    """A command whose output must be `expected` now."""
    return Step("guard", (expected, *argv), title)


def run(seconds: int, *argv: str, title: str) -> Step:
    """A command that must end with success in time."""
    return Step("run", (str(seconds), *argv), title)


def wait(seconds: int, condition: str, *argv: str, title: str) -> Step:
    """A command asked until it is `ok`, its output equals `=TEXT` or contains `~TEXT`."""
    return Step("await", (str(seconds), condition, *argv), title)


def drain(seconds: int, *argv: str) -> Step:
    """Waits for a service's running jobs, until the command says `gone`. The first line of its output counts them, the
    others name them.
    """
    return wait(seconds, DRAINED, *argv, title="wait for running jobs")


def diagnose(unit: str) -> Step:
    """Shows people the state of a unit and the last lines of its log."""
    return run(10, *script("unit-diagnose.sh", unit), title=f"show the state of {unit}")


def intend(service: ServiceName, verb: Verb, run_number: int, invocation: str) -> Step:
    """Writes an intent: the action, by which run, and for which process of the service."""
    return Step("intend", (service, f"{verb.name.lower()} {run_number} {invocation or NOTHING}"))


def still_intended(intent: Intent | None, invocation: str) -> bool:
    """Whether the intent is for this process of the service. A record that could not be read names none, and counts."""
    return intent is not None and intent.invocation in ("", invocation or NOTHING)


def restore_intent(service: ServiceName, intent: Intent | None) -> Step:
    """In a rollback: writes the intent from before the run again, or removes it if there was none."""
    if intent is None:
        return Step("complete", (service,))
    return intend(service, intent.verb, intent.run, intent.invocation or ANY)


def intend_again(service: ServiceName, forward: Iterable[Step], run_number: int, *, stopped: bool) -> Iterator[Step]:
    """The intents of a phase's rollback, from its first step on, because those of its forward steps may be completed
    already.

    `stopped`: an earlier phase has stopped this service, so it is to be started.
    """
    due = {step.args[0]: step.args[1].split()[0] for step in forward if step.verb == "intend"}
    if stopped:
        due.setdefault(service, Verb.RESTART.name.lower())
    for name, verb in due.items():
        yield Step("intend", (name, f"{verb} {run_number} {ANY}"))


AROUND = "stop and start"
"""The operation on a service that is stopped while another one restarts."""

DISABLED = "its unit is disabled"
"""The reason of an action for a unit that is not started at boot."""


def with_enablement(steps: ActionSteps, unit: Unit, desired: Literal["enabled", "disabled"]) -> ActionSteps:
    """Adds to the steps what makes this unit start at boot, or not. A rollback restores the earlier state.

    A unit that cannot be enabled (static, masked, generated …) is left as it is.
    """
    if {unit.enabled, desired} != {"enabled", "disabled"}:
        return steps
    forward, back = ("enable", "disable") if desired == "enabled" else ("disable", "enable")
    return replace(
        steps,
        forward=(run(30, "systemctl", forward, unit.name, title=f"{forward} {unit.name}"), *steps.forward),
        rollback=(*steps.rollback, run(30, "systemctl", back, unit.name, title=f"{back} {unit.name}")),
    )


def staged_path(path: str, sha: Sha) -> str:
    """The path at which `host.sh` stages the content with this sha for `path`: in the same folder, so that a rename is
    atomic.
    """
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{name}.runnerops.{sha[:12]}"
