"""Pull-through caches: one container a cache, run by Compose under a project of ours. Pure."""

from typing import TYPE_CHECKING

from runnerops.late import late

if TYPE_CHECKING:
    from runnerops.services.registry.action import choose
    from runnerops.services.registry.blockers import refusals, stops
    from runnerops.services.registry.format import NAME, context, dump, files, parse, secret
    from runnerops.services.registry.notes import remarks
    from runnerops.services.registry.observe import OBSERVE, facts, questions
    from runnerops.services.registry.reconcile import counterpart, edits, given, owns, settle
    from runnerops.services.registry.restore import adopt
    from runnerops.services.registry.rules import lint
    from runnerops.services.registry.steps import moves, pause, resume
else:
    __getattr__ = late(
        __name__,
        {
            "format": ("NAME", "context", "dump", "files", "parse", "secret"),
            "observe": ("OBSERVE", "facts", "questions"),
            "rules": ("lint",),
            "restore": ("adopt",),
            "action": ("choose",),
            "reconcile": ("counterpart", "edits", "given", "owns", "settle"),
            "steps": ("moves", "pause", "resume"),
            "blockers": ("refusals", "stops"),
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
