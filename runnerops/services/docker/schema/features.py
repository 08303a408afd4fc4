"""The feature flags of daemon.json, as data: since when dockerd reads each, and whether it does so only at its start.
Pure.

Source: every use of `Features[…]` in moby at each minor release from 19.03 to 29.7. These releases read no other flag;
dockerd accepts unknown flags without effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from runnerops.frozen import frozen
from runnerops.services.shared.versions import Version, version_of

READ_TO: Version = (29, 7)
"""The newest release whose flags are in this table. Which flags later releases read, and when, is not known."""


@frozen
class FeatureFlag:
    """`since`: the first release that reads it. `read`: `start`, or `use` where a reload is enough."""

    since: str
    read: Literal["start", "use"]


FLAGS: Mapping[str, FeatureFlag] = {
    "buildkit": FeatureFlag("18.09", "use"),  # in each response to a client's ping
    "cdi": FeatureFlag("25.0", "start"),
    "containerd-migration": FeatureFlag("29.0", "start"),
    "containerd-snapshotter": FeatureFlag("24.0", "start"),
    "embedded-containerd": FeatureFlag("29.7", "start"),
    "swarm-nftables": FeatureFlag("29.6", "use"),  # when the host joins a swarm
    "time-namespaces": FeatureFlag("29.5", "start"),
    "windows-dns-proxy": FeatureFlag("26.1", "use"),  # without effect on Linux
}


def flag_reloads(name: str, version: Version | None) -> bool:
    """Whether a reload is enough for a change of this flag. An unknown version may read it at its start."""
    flag = FLAGS.get(name)
    if flag is None:
        return version is not None and version <= READ_TO
    since = version_of(flag.since)
    unread = version is not None and since is not None and version < since
    return flag.read == "use" or unread
