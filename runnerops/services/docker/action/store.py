"""Which image store dockerd uses after a start, by its file, its version and what is on disk. Pure.

Another data-root, storage driver, user namespace or image store hides all images and containers of the old one. What is
in effect counts, as `docker info` shows it: a key that only names this changes nothing. Source: moby's
`daemon/image_store_choice.go`, `daemon/graphdriver/driver.go` and `daemon/command/daemon_linux.go`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from runnerops.frozen import frozen
from runnerops.model.common import Tree, Value
from runnerops.model.facts import DataRoot, DockerFacts, DockerStore
from runnerops.model.plan import KeyChange
from runnerops.services.docker.diff import flag_values, given_features
from runnerops.services.docker.schema import DEFAULT_ROOT
from runnerops.services.docker.schema.features import FLAGS
from runnerops.services.shared.versions import version_of

SETTINGS = frozenset({"data-root", "graph", "storage-driver", "userns-remap"})
SWITCHES = frozenset({"containerd-migration", "containerd-snapshotter", "embedded-containerd"})
"""Keys, and feature flags, that decide which images and containers the daemon sees."""

GRAPHDRIVERS = ("overlay2", "fuse-overlayfs", "btrfs", "zfs", "vfs")
"""In dockerd's order of preference. Any other driver is a snapshotter of containerd."""


@frozen
class Difference:
    """One thing that the next start changes: its key, and its old and new state in words."""

    key: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.key} {self.before} → {self.after}"


def decides_store(change: KeyChange) -> bool:
    """Whether this change is of a key that decides about the store, or only of feature flags that do."""
    name = str(change.key[0])
    if name != "features":
        return name in SETTINGS
    flags = flags_of(change)
    return bool(flags) and flags <= SWITCHES


def flags_of(change: KeyChange) -> frozenset[str]:
    """The feature flags that change, whether one of them or all."""
    if len(change.key) > 1:
        return frozenset({str(change.key[1])})
    old, new = (side if isinstance(side, dict) else {} for side in (change.old, change.new))
    return frozenset(name for name in {*old, *new} if old.get(name) != new.get(name))


def differences(old: Tree, desired: Tree, docker: DockerFacts) -> tuple[Difference, ...]:
    """What a start with `desired` changes, compared with the present state, or for a daemon that is down with a start
    with `old`.
    """
    current = docker.store or _started(old, old, docker)
    return tuple(_compared(current, _started(desired, old, docker), old, desired, docker))


def keeps_in_containerd(desired: Tree, old: Tree, docker: DockerFacts) -> bool:
    """Whether images are in containerd's store after a start with `desired`."""
    return _started(desired, old, docker).containerd


def loses_volumes(switches: tuple[Difference, ...]) -> bool:
    """Whether volumes are left behind too, and with them the content of caches: they are in the data-root."""
    return any(difference.key in {"data-root", "userns-remap"} for difference in switches)


def _compared(
    current: DockerStore, planned: DockerStore, old: Tree, desired: Tree, docker: DockerFacts
) -> Iterator[Difference]:
    if current.root != planned.root:
        yield Difference("data-root", current.root, planned.root)
    before, after = _user(old), _user(desired)
    if current.remapped != planned.remapped or (before and after and before != after):
        yield Difference("userns-remap", before or _yes(current.remapped), after or _yes(planned.remapped))
    if current.containerd != planned.containerd:
        yield Difference("image store", _store(current), _store(planned))
    elif current.root == planned.root and current.driver != planned.driver:
        yield Difference("storage-driver", current.driver or "as found", planned.driver or "as found")
    if current.embedded != planned.embedded:
        yield Difference("features.embedded-containerd", _yes(current.embedded), _yes(planned.embedded))
    if not planned.containerd and not current.containerd and _migrates(desired, docker) and not _migrates(old, docker):
        yield Difference("features.containerd-migration", "false", "true")


def _store(store: DockerStore) -> str:
    return f"{'containerd' if store.containerd else 'graphdriver'} ({store.driver})" if store.driver else "containerd"


def _yes(value: bool) -> str:
    return "on" if value else "off"


def _started(desired: Tree, old: Tree, docker: DockerFacts) -> DockerStore:
    """The store after a start with `desired`. An empty `driver` means that it cannot be determined."""
    root = _root(desired, docker)
    remapped = bool(_user(desired) or flag_values(docker).get("userns-remap"))
    same = docker.store if docker.store and docker.store.root == root.real else None
    containerd = same.containerd if same and _chosen(desired, docker) == _chosen(old, docker) else None
    if containerd is None:
        containerd = _containerd(desired, docker, root, remapped, same)
    embedded = _switch(desired, "embedded-containerd", docker) is True
    store = DockerStore(root.real, "", containerd, remapped, embedded)
    kept_driver = same.driver if same and same.containerd == containerd and not _given_driver(old, docker) else None
    return replace(store, driver=_driver(desired, docker, root, kept_driver, containerd=containerd))


def _chosen(tree: Tree, docker: DockerFacts) -> tuple[object, ...]:
    """All settings on which the choice of the image store depends. With the same settings, dockerd chooses the same
    store again.
    """
    snapshotter = _switch(tree, "containerd-snapshotter", docker)
    return snapshotter, _given_driver(tree, docker), _user(tree), _migrates(tree, docker)


def _root(desired: Tree, docker: DockerFacts) -> DataRoot:
    root = desired.get("data-root") or desired.get("graph") or flag_values(docker).get("data-root")
    path = str(root or DEFAULT_ROOT)
    return docker.roots.get(path) or DataRoot(path.rstrip("/") or "/")


def _containerd(desired: Tree, docker: DockerFacts, root: DataRoot, remapped: bool, same: DockerStore | None) -> bool:
    """Whether images will be in containerd's store: by the flag, else by the version and what is on disk."""
    version, flag = version_of(docker.version), _switch(desired, "containerd-snapshotter", docker)
    if flag is not None:
        return flag
    if version is None:  # the daemon is down
        return bool(same and same.containerd)
    if remapped or version < (29, 0):
        return False
    if any(driver != "vfs" for driver in root.drivers):
        return bool(same and same.containerd and _migrates(desired, docker))
    driver = _given_driver(desired, docker)
    return driver not in GRAPHDRIVERS if driver else True


def _driver(desired: Tree, docker: DockerFacts, root: DataRoot, kept_driver: str | None, *, containerd: bool) -> str:
    """`kept_driver` is the driver that the daemon chose by itself, and will choose again."""
    if given_driver := _given_driver(desired, docker):
        return given_driver
    if kept_driver is not None:
        return kept_driver
    if containerd:
        return "overlayfs"
    drivers = [driver for driver in GRAPHDRIVERS if driver in root.drivers and driver != "vfs"]
    if not drivers and root not in docker.roots.values():
        return ""
    return drivers[0] if drivers else GRAPHDRIVERS[0]


def _given_driver(tree: Tree, docker: DockerFacts) -> str:
    return str(tree.get("storage-driver") or flag_values(docker).get("storage-driver") or "")


def _user(tree: Tree) -> str:
    """`default` is the user that dockerd creates itself."""
    user = str(tree.get("userns-remap") or "")
    return "dockremap" if user == "default" else user


def _switch(tree: Tree, name: str, docker: DockerFacts) -> bool | None:
    """The value of a feature flag in the file or on the unit's command line, if this release reads the flag."""
    flags: Value = tree.get("features")
    value = flags.get(name) if isinstance(flags, dict) else given_features(docker).get(name)
    version, since = version_of(docker.version), version_of(FLAGS[name].since)
    unread = version is not None and since is not None and version < since
    return value if isinstance(value, bool) and not unread else None


def _migrates(tree: Tree, docker: DockerFacts) -> bool:
    """Whether a start with this flag moves images to containerd's store, once there are no containers."""
    return _switch(tree, "containerd-migration", docker) is True
