"""Errors that a user can act on, by who must act. Raised anywhere, printed in one place (`cli/boundary.py`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runnerops.model.common import Exit, Placed


class RunneropsError(Exception):
    """`message` is `place: problem`, one line; `hint` is the fix. Neither ever holds a secret's value.

    `problems` are those parts of the message whose places are known. If they have several fixes, `hint` is none of them.
    """

    exit = Exit.FAILED

    def __init__(self, message: str, hint: str = "", problems: Sequence[Placed] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.problems = tuple(problems)

    @property
    def lines(self) -> list[str]:
        """The message as it is shown: if its problems have several fixes, with these."""
        with_fixes = [] if self.hint else list(problem_lines(self.problems))
        return with_fixes or self.message.splitlines()


def problem_lines(problems: Sequence[Placed]) -> Iterator[str]:
    """One line for each problem. If they have several fixes, each stands below the last problem that it is for."""
    several = len({fix for _, _, fix in problems if fix}) > 1
    following = [*(fix for _, _, fix in problems), ""][1:]
    for (place, problem, fix), next_fix in zip(problems, following, strict=True):
        yield f"{place}: {problem}"
        if several and fix and fix != next_fix:
            yield f"  hint: {fix}"


class UsageError(RunneropsError):
    """The command line is wrong: a flag, a target, no inventory file, no `--yes` without a terminal."""

    exit = Exit.USAGE


class PlanError(RunneropsError):
    """A saved plan cannot be applied: it is none, is too old, or was made of something else."""

    exit = Exit.STALE_PLAN


class InventoryError(RunneropsError):
    """The inventory must be mended."""


class TemplateError(RunneropsError):
    """A template must be mended."""


class SecretError(RunneropsError):
    """A secret's value cannot be had."""


class GitlabError(RunneropsError):
    """GitLab's API refused, or was not reached; holds no token and nothing that GitLab answered."""


class GitlabDownError(GitlabError):
    """It did not answer, or takes no requests for now: to ask it for something else would be no use."""


class NoRunnerError(GitlabError):
    """It has no runner by this number, or none that the API's token may see."""


class LostTokenError(GitlabError):
    """It does not take a runner's own token: that was reset there, or the runner deleted."""


class HostError(RunneropsError):
    """The host, or the way to it, must be mended; `host` is its name. `result` is what the host ends with."""

    def __init__(self, host: str, message: str, hint: str = "", result: str = "unreachable") -> None:
        super().__init__(f"{host}: {message}", hint)
        self.host = host
        self.result = result

    def met_by(self, host: str) -> HostError:
        """The same, of another host that is reached on the same way."""
        hint = self.hint.replace(f"runnerops trust {self.host}", f"runnerops trust {host}")
        return type(self)(host, self.message.removeprefix(f"{self.host}: "), hint, self.result)


class HostKeyError(HostError):
    """The host's key is unknown or has changed; nothing was sent."""


class LinkLostError(HostError):
    """The connection broke in the middle. What was begun on the host goes on there."""
