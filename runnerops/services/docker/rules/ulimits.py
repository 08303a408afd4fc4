"""Limits of `default-ulimits` with which no container would start. Pure.

dockerd passes them on as they are (`daemon/oci_linux.go` of moby), and runc and the kernel refuse them.
"""

from __future__ import annotations

from runnerops.model.common import Key, Tree, Value
from runnerops.parsing.near import near_fix
from runnerops.services.docker.schema.nested import Found
from runnerops.services.shared.limits import LIMITS

_NONE_STARTS = "no container would start"
_UNLIMITED = -1


def ulimits(tree: Tree) -> Found:
    """Checks each limit. dockerd reads its `Name`, and not the key that it stands under."""
    limits = tree.get("default-ulimits")
    for key, limit in limits.items() if isinstance(limits, dict) else ():
        if isinstance(limit, dict):
            yield from _limit(key, limit, ("default-ulimits", key))


def _limit(key: str, limit: Tree, place: Key) -> Found:
    lower_keys = {name.lower(): value for name, value in limit.items()}
    name, soft, hard = (lower_keys.get(word) for word in ("name", "soft", "hard"))
    if name in (None, ""):
        text = f"has no Name, which dockerd reads instead of the key: {_NONE_STARTS}"
        yield "D017", "error", place, text, f'add "Name": "{key}"'
    elif isinstance(name, str) and name.lower() not in LIMITS:
        text = f"there is no limit {name!r}: {_NONE_STARTS}"
        name_key = (*place, next(field_name for field_name in limit if field_name.lower() == "name"))
        yield "D017", "error", name_key, text, near_fix(name, LIMITS) or f"write one of {', '.join(sorted(LIMITS))}"
    elif _over(soft, 0 if hard is None else hard):
        text = f"has a Soft limit above the Hard one{', which is 0 if it is missing' if hard is None else ''}: {_NONE_STARTS}"
        yield "D017", "error", place, text, "add Hard" if hard is None else "raise Hard, or lower Soft"


def _over(soft: Value, hard: Value) -> bool:
    if not isinstance(soft, int) or not isinstance(hard, int) or hard == _UNLIMITED:
        return False
    return soft == _UNLIMITED or soft > hard
