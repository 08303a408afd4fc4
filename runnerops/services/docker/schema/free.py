"""Which texts of daemon.json may contain anything, for example secrets: options of plugins, arguments, unknown keys.
Pure.
"""

from __future__ import annotations

from runnerops.model.common import Key, word_set
from runnerops.services.docker.schema import KEYS

_FREE = word_set("cluster-store-opts default-network-opts labels nri-opts storage-opts")
_SHOWN_BELOW = {
    "log-opts": word_set("""
        cache-compress cache-disabled cache-max-file cache-max-size compress env env-regex labels labels-regex
        max-buffer-size max-file max-size mode tag
    """),
    "runtimes": frozenset({"path", "runtimeType", "TypeUrl", "ConfigPath", "SystemdCgroup"}),
}


def free(key: Key) -> bool:
    """Whether the text at `key` may contain anything."""
    names = [part for part in key if isinstance(part, str)]
    if not names or names[0] not in KEYS or names[0] in _FREE:
        return bool(names)
    shown = _SHOWN_BELOW.get(names[0])
    return shown is not None and len(names) > 1 and names[-1] not in shown
