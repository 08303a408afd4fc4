"""gitlab-runner: one file, `config.toml`, which the runner also writes and loads while it runs. Pure."""

from typing import TYPE_CHECKING

from runnerops.late import late

if TYPE_CHECKING:
    from runnerops.services.gitlab_runner.action import choose
    from runnerops.services.gitlab_runner.blockers import refusals, stops
    from runnerops.services.gitlab_runner.diff import counterpart, edits, owns
    from runnerops.services.gitlab_runner.format import NAME, context, dump, files, parse, secret
    from runnerops.services.gitlab_runner.notes import remarks
    from runnerops.services.gitlab_runner.observe import OBSERVE, facts, questions
    from runnerops.services.gitlab_runner.reconcile import settle
    from runnerops.services.gitlab_runner.restore import adopt
    from runnerops.services.gitlab_runner.rules import lint
    from runnerops.services.gitlab_runner.steps import moves, pause, resume
    from runnerops.services.gitlab_runner.tokens import given
else:
    __getattr__ = late(
        __name__,
        {
            "format": ("NAME", "context", "dump", "files", "parse", "secret"),
            "observe": ("OBSERVE", "facts", "questions"),
            "rules": ("lint",),
            "restore": ("adopt",),
            "action": ("choose",),
            "diff": ("counterpart", "edits", "owns"),
            "reconcile": ("settle",),
            "notes": ("remarks",),
            "tokens": ("given",),
            "steps": ("moves", "pause", "resume"),
            "blockers": ("refusals", "stops"),
        },
    )

__all__ = [
    "NAME",
    "OBSERVE",
    "adopt",
    "choose",
    "context",
    "counterpart",
    "dump",
    "edits",
    "facts",
    "files",
    "given",
    "lint",
    "moves",
    "owns",
    "parse",
    "pause",
    "questions",
    "refusals",
    "remarks",
    "resume",
    "secret",
    "settle",
    "stops",
]
