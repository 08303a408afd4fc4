"""The user's ssh_config, for Fabric: `Include` expanded, and what Fabric or paramiko would stumble over taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_SYSTEM = Path("/etc/ssh/ssh_config")
_DEPTH = 8
_STUMBLES = re.compile(
    r"^\s*(?:proxyjump|proxycommand)[\s=]+none\s*$|^\s*forwardagent[\s=]+(?!yes|no)\S+\s*$", re.IGNORECASE
)
"""`ProxyJump none` would connect to a host called none; `ForwardAgent PATH` is a KeyError."""


def read_config(environ: Mapping[str, str]) -> str:
    """The user's file, then the system's: the first value of a key counts, as in OpenSSH."""
    user = Path(environ.get("HOME") or Path.home()) / ".ssh" / "config"
    return "\n".join(line for path in (user, _SYSTEM) for line in _lines(path, path.parent, "Host *", 0))


def _lines(path: Path, folder: Path, block: str, depth: int) -> Iterator[str]:
    """A file's lines; what an `Include` brings belongs to the block around it, and the block goes on behind it."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    yield block
    for line in text.splitlines():
        words = line.replace("=", " ", 1).split()
        word = words[0].lower() if words else ""
        if word in {"host", "match"}:
            block = line
        if word == "include" and depth < _DEPTH:
            for pattern in words[1:]:
                for found in _glob(pattern.strip('"'), folder):
                    yield from _lines(found, folder, block, depth + 1)
            yield block
        elif not _STUMBLES.match(line):
            yield line


def _glob(pattern: str, folder: Path) -> list[Path]:
    path = Path(pattern).expanduser()
    if path.is_absolute():
        return sorted(Path("/").glob(str(path.relative_to("/"))))
    return sorted(folder.glob(pattern))
