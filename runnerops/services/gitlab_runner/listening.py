"""Where gitlab-runner would listen, as its config.toml says. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runnerops.model.common import Tree, Value, value_at
from runnerops.model.inventory import FileSpec
from runnerops.services.base import ListeningPlace
from runnerops.services.shared.listeners import bare

_KEYS = {
    ("listen_address",): ("the runner", "9252"),
    ("session_server", "listen_address"): ("the runner's session server", ""),
}
"""The name of each listener, and its default port. If its port is taken, the runner ends."""


def listens(files: Mapping[FileSpec, Tree]) -> Iterator[ListeningPlace]:
    """See `FileFormat`."""
    for spec, tree in files.items():
        for key, (who, usual) in _KEYS.items():
            address, port = _split(value_at(tree, key), usual)
            if port not in ("", "0"):  # for 0, the system chooses a free one
                yield ListeningPlace(who, spec.path, key, address, port)


def _split(value: Value, usual: str) -> tuple[str, str]:
    """Splits an address like gitlab-runner: host and port may be left out. No port means that nothing listens, or that
    it is unknown.
    """
    text = value if isinstance(value, str) else ""
    address, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return bare(text), usual if text else ""
    return bare(address), port if port.isdecimal() else ""
