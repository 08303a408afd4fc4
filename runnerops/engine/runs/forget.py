"""`remove --forget`: deletes what a host keeps about its runs, once nothing that they deployed is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from runnerops.frozen import frozen
from runnerops.model.common import STATE_FOLDER, Result
from runnerops.model.inventory import Host
from runnerops.model.run import Outcome
from runnerops.remote import state_folder
from runnerops.report.screen import Screen
from runnerops.ssh.link import Link

_SECONDS = 60.0
_WHY = {
    state_folder.IN_USE: ("a run is going on there", "wait until it ends, then run the command again"),
    state_folder.UNFINISHED: (
        "something is unfinished there",
        "`runnerops status` shows what; then run the command again",
    ),
}


@frozen
class Forgetting:
    """Used after a removal that ended well. If there was nothing to remove, it asks for a confirmation itself."""

    host: Host
    link: Callable[[], Link]
    screen: Screen
    yes: bool

    def after(self, outcome: Outcome) -> Outcome:
        """Returns the outcome of the removal and the deletion together. Raises HostError."""
        if outcome.result not in {Result.APPLIED, Result.UNCHANGED}:
            return outcome
        asks = outcome.result is Result.UNCHANGED and not self.yes
        if asks and not self.screen.ask(f"delete all records of runs on {self.host.name}?"):
            return replace(outcome, result=Result.PENDING)
        completed = self.link().run(state_folder.forget(), b"", _SECONDS)
        if completed.status == 0:
            return replace(
                outcome, result=Result.APPLIED, message="all records of runs and originals there are deleted"
            )
        last = "".join(completed.stderr.decode("utf-8", "replace").strip().splitlines()[-1:])
        problem, hint = _WHY.get(completed.status, (f"exit status {completed.status}: {last}", "run the command again"))
        of = f" ({STATE_FOLDER}/{last})" if completed.status == state_folder.UNFINISHED else ""
        message = f"removed, but its records are not deleted: {problem}{of}"
        return replace(outcome, result=Result.FAILED, message=message, hint=hint)
