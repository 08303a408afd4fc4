"""The Docker daemon: one file, `daemon.json`, loaded by a reload or by a restart, depending on the keys. Pure."""

from typing import TYPE_CHECKING

from runnerops.late import late

if TYPE_CHECKING:
    from runnerops.services.docker.blockers import refusals, stops
    from runnerops.services.docker.containers import choose
    from runnerops.services.docker.format import NAME, context, dump, files, parse, secret
    from runnerops.services.docker.observe import OBSERVE, facts, questions
    from runnerops.services.docker.reconcile import counterpart, edits, given, owns, remarks, settle
    from runnerops.services.docker.restore import adopt
    from runnerops.services.docker.rules import lint
    from runnerops.services.docker.steps import moves, pause, resume
else:
    __getattr__ = late(
        __name__,
        {
            "format": ("NAME", "context", "dump", "files", "parse", "secret"),
            "observe": ("OBSERVE", "facts", "questions"),
            "rules": ("lint",),
            "restore": ("adopt",),
            "reconcile": ("counterpart", "edits", "given", "owns", "remarks", "settle"),
            "steps": ("moves", "pause", "resume"),
            "blockers": ("refusals", "stops"),
            "containers": ("choose",),
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
