"""The user's and the system's ssh_config, for Fabric: `Include` expanded, and what Fabric would stumble over made harmless.

An included file's own `Host` lines count even where the `Include` stands in a block that does not match. Reads files.
Loads paramiko: import it late.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from glob import glob
from pathlib import Path

from paramiko import SSHConfig
from paramiko.config import SSHConfigDict

_SYSTEM = Path("/etc/ssh/ssh_config")
_DEPTH = 8
_SETTING = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+)(.*\S)")
_EVERYWHERE = "Host *"
_NOWHERE = "Host !*"
_WITH_VALUE = {"host", "originalhost", "user", "localuser", "exec"}
_WITHOUT_VALUE = {"all", "canonical", "final"}


class Settings(SSHConfig):
    """Every lookup, a jump host's too, without the values that Fabric 3.2 takes wrong."""

    def lookup(self, hostname: str) -> SSHConfigDict:
        """`ProxyJump none` would connect to a host called none; `ForwardAgent PATH` and `ConnectTimeout none` are tracebacks.

        No agent is ever forwarded.
        """
        found = super().lookup(hostname)
        if found.get("proxyjump", "").lower() == "none":
            del found["proxyjump"]
        if not found.get("connecttimeout", "").isdigit():
            found.pop("connecttimeout", None)
        found.pop("forwardagent", None)
        return found


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The user's file, then the system's: the first value of a key counts, as in OpenSSH. Raises SSHException."""
    home = Path(environ.get("HOME") or Path.home())
    files = (home / ".ssh" / "config", _SYSTEM)
    return Settings.from_text(
        "\n".join(line for path in files for line in _lines(path, path.parent, home, _EVERYWHERE))
    )


def _lines(path: Path, folder: Path, home: Path, block: str, depth: int = 0) -> Iterator[str]:
    """A file's lines; what an `Include` brings belongs to the block around it, and the block goes on behind it."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    yield block
    for line in text.splitlines():
        setting = _SETTING.match(line)
        if not setting:
            continue  # a comment, or a key without a value
        key, value = setting[1].lower(), setting[2]
        if key in {"host", "match"}:
            block = _host(value) if key == "host" else _match(value)
            yield block
        elif key != "include":
            yield line
        elif depth < _DEPTH:
            for found in _included(value, folder, home):
                yield from _lines(found, folder, home, block, depth + 1)
            yield block


def _included(value: str, folder: Path, home: Path) -> Iterator[Path]:
    for pattern in _split(value) or ():
        path = re.sub(r"^~(?=/)", str(home), pattern)
        yield from map(Path, sorted(glob(str(folder / path))))


def _host(value: str) -> str:
    return f"Host {value}" if _split(value) else _NOWHERE


def _match(value: str) -> str:
    """A `Match` line as paramiko takes it right: a keyword unknown to it would match everything, so it matches nothing."""
    words = _split(value)
    kept: list[str] = []
    while words:
        keyword, words = words[0].lower(), words[1:]
        if keyword.lstrip("!") in _WITHOUT_VALUE:
            kept.append(keyword)
        elif keyword.lstrip("!") in _WITH_VALUE and words:
            kept += [keyword, words[0]]
            words = words[1:]
        else:
            return _NOWHERE
    if len(kept) > 1 and "all" in kept:  # `final all` is OpenSSH's usual form, and an error here
        kept.remove("all")
    return f"Match {shlex.join(kept)}" if kept else _NOWHERE


def _split(value: str) -> Sequence[str]:
    try:
        return shlex.split(value)
    except ValueError:  # a quotation without an end
        return ()
