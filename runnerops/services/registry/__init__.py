"""Pull-through caches: one container a cache, run by Compose under a project of ours. Pure."""

from typing import TYPE_CHECKING

from runnerops.late import late

if TYPE_CHECKING:
    from runnerops.services.registry.adoption import adopt
    from runnerops.services.registry.choice import choose
    from runnerops.services.registry.document import NAME, context, dump, files, parse, secret
    from runnerops.services.registry.meaning import counterpart, edits, given, owns, settle
    from runnerops.services.registry.moving import moves, pause, resume
    from runnerops.services.registry.notes import remarks
    from runnerops.services.registry.observation import OBSERVE, facts, questions
    from runnerops.services.registry.refusal import refusals, stops
    from runnerops.services.registry.rules import lint
else:
    __getattr__ = late(
        __name__,
        {
            "document": ("NAME", "context", "dump", "files", "parse", "secret"),
            "observation": ("OBSERVE", "facts", "questions"),
            "rules": ("lint",),
            "adoption": ("adopt",),
            "choice": ("choose",),
            "meaning": ("counterpart", "edits", "given", "owns", "settle"),
            "moving": ("moves", "pause", "resume"),
            "refusal": ("refusals", "stops"),
            "notes": ("remarks",),
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
