"""Names the key of a Compose file that is meant by one which Compose does not know. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runnerops.parsing.near import similar_names

_NEAR = 0.7
"""How similar a misspelt key is to a known one, of 1."""
_BEGINNING, _FEW = 3, 2
"""The letters that a beginning has at least, and the number of keys that a message names at most."""

_OTHERS = {
    "cmd": "command",
    "cpu": "cpus",
    "hosts": "extra_hosts",
    "ip": "ipv4_address",
    "memory": "mem_limit",
    "mounts": "volumes",
    "name": "container_name",
    "path": "file",
    "run": "command",
}
"""Names of other programs for keys of a Compose file."""


def meant_keys(name: str, known_names: Sequence[str]) -> tuple[str, ...]:
    """The known keys that a name may stand for: similar ones, else the few that it begins, else that of another program."""
    other = _OTHERS.get(name.lower(), "")
    return (
        similar_names(name, known_names, _NEAR)
        or _begun(name, known_names)
        or ((other,) if other in known_names else ())
    )


def continued_key(name: str, known_names: Sequence[str]) -> tuple[str, ...]:
    """The known key that a name continues: `file` for `file_path`."""
    return tuple(
        known for known in known_names if len(known) >= _BEGINNING and name.startswith((f"{known}_", f"{known}-"))
    )[-1:]


def slips(names: Iterable[str], known_names: Sequence[str]) -> set[str]:
    """The known keys that are missing only because they are misspelt, as another rule reports."""
    return {
        meant
        for name in names
        if name not in known_names
        for meant in (*meant_keys(name, known_names), *continued_key(name, known_names))
    }


def _begun(name: str, known_names: Iterable[str]) -> tuple[str, ...]:
    begun = tuple(
        known_name for known_name in known_names if len(name) >= _BEGINNING and known_name.startswith(name.lower())
    )
    return begun if len(begun) <= _FEW else ()
