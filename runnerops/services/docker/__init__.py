"""The Docker daemon: one file, `daemon.json`, loaded by a reload or by a restart, depending on the keys. Pure."""

from typing import TYPE_CHECKING

from runnerops.late import late

if TYPE_CHECKING:
    from runnerops.services.docker.adoption import adopt
    from runnerops.services.docker.document import NAME, context, dump, files, parse, secret
    from runnerops.services.docker.meaning import counterpart, edits, given, owns, remarks, settle
    from runnerops.services.docker.moving import moves, pause, resume
    from runnerops.services.docker.observation import OBSERVE, facts, questions
    from runnerops.services.docker.refusal import refusals, stops
    from runnerops.services.docker.rules import lint
    from runnerops.services.docker.touched import choose
else:
    __getattr__ = late(
        __name__,
        {
            "document": ("NAME", "context", "dump", "files", "parse", "secret"),
            "observation": ("OBSERVE", "facts", "questions"),
            "rules": ("lint",),
            "adoption": ("adopt",),
            "meaning": ("counterpart", "edits", "given", "owns", "remarks", "settle"),
            "moving": ("moves", "pause", "resume"),
            "refusal": ("refusals", "stops"),
            "touched": ("choose",),
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
