"""gitlab-runner: one file, `config.toml`, which the runner also writes and loads while it runs. Pure."""

from typing import TYPE_CHECKING

from runnerops.late import late

if TYPE_CHECKING:
    from runnerops.services.gitlab_runner.adoption import adopt
    from runnerops.services.gitlab_runner.choice import choose
    from runnerops.services.gitlab_runner.document import NAME, context, dump, files, parse, secret
    from runnerops.services.gitlab_runner.meaning import counterpart, edits, owns
    from runnerops.services.gitlab_runner.merge import settle
    from runnerops.services.gitlab_runner.moving import moves, pause, resume
    from runnerops.services.gitlab_runner.notes import remarks
    from runnerops.services.gitlab_runner.observation import OBSERVE, facts, questions
    from runnerops.services.gitlab_runner.refusal import refusals, stops
    from runnerops.services.gitlab_runner.rules import lint
    from runnerops.services.gitlab_runner.tokens import given
else:
    __getattr__ = late(
        __name__,
        {
            "document": ("NAME", "context", "dump", "files", "parse", "secret"),
            "observation": ("OBSERVE", "facts", "questions"),
            "rules": ("lint",),
            "adoption": ("adopt",),
            "choice": ("choose",),
            "meaning": ("counterpart", "edits", "owns"),
            "merge": ("settle",),
            "notes": ("remarks",),
            "tokens": ("given",),
            "moving": ("moves", "pause", "resume"),
            "refusal": ("refusals", "stops"),
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
