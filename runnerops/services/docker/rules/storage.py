"""Storage drivers of daemon.json and their options, for graph drivers and for containerd's image store. Pure.

A fresh Docker uses containerd's store from 29.0 on, with snapshotters instead of drivers. From 24.0 on,
`features.containerd-snapshotter` turns it on. Source: moby's `daemon/graphdriver`, and starts of 20.10 to 29.7.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from runnerops.model.common import Tree
from runnerops.parsing.near import similar_names
from runnerops.services.docker.rules.timely import before, since
from runnerops.services.docker.schema.nested import Found, Severity
from runnerops.services.shared.versions import Version

_START = "dockerd does not start"
_GRAPH_DRIVERS = {
    **dict.fromkeys(("overlay2", "fuse-overlayfs", "btrfs", "zfs", "vfs"), ""),
    "aufs": "24.0",
    "overlay": "25.0",
    "devicemapper": "25.0",
}
"""With the release that removed a driver."""

_SNAPSHOTTERS = ("overlayfs", "native", "erofs", "blockfile", "devmapper", "stargz", "nydus", "soci", "overlaybd")
"""Snapshotters of containerd, and some that can be installed; there may be others. btrfs and zfs are in both stores."""

_OPTIONS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "overlay2": {"overlay2.size": ("", ""), "overlay2.override_kernel_check": ("", "24.0")},
    "vfs": {"size": ("", ""), "vfs.xattrs": ("25.0", "")},
    "btrfs": {"btrfs.min_space": ("", "")},
    "zfs": {"zfs.fsname": ("", "")},
}
"""By driver: its options, with the first release that knows one and the first that does not."""


def storage(tree: Tree, version: Version | None) -> Found:
    """Runs both rules. A finding that depends on an unknown version is a warning."""
    yield from _driver(tree, version)
    yield from _options(tree, version)


def _of_containerd(tree: Tree) -> bool | None:
    features = tree.get("features")
    chosen = features.get("containerd-snapshotter") if isinstance(features, dict) else None
    return chosen if isinstance(chosen, bool) else None


def _driver(tree: Tree, version: Version | None) -> Found:
    driver, chosen = tree.get("storage-driver"), _of_containerd(tree)
    if not isinstance(driver, str) or not driver or driver == "windowsfilter":
        return
    key = ("storage-driver",)
    if driver in _SNAPSHOTTERS:
        first = "24.0" if chosen else "29.0"
        severity = "error" if chosen is False else before(first, version)
        if severity:
            text = f"is a snapshotter of containerd's image store, which dockerd does not have before {first}"
            yield "D020", severity, key, f"{text}: {_START}", "write overlay2, the driver of the other store"
    elif driver not in _GRAPH_DRIVERS:
        of_containerd = chosen or (chosen is None and before("29.0", version) != "error")
        yield from _unknown(driver, of_containerd=of_containerd, by_feature=bool(chosen))
    elif (removed_in := _GRAPH_DRIVERS.get(driver)) and (severity := since(removed_in, version)):
        yield (
            "D020",
            severity,
            key,
            f"dockerd has no {driver} since {removed_in}: {_START}",
            "write overlay2, its successor",
        )
    elif driver in {"overlay2", "vfs"} and chosen and (severity := since("29.0", version)):
        text = "is not a snapshotter of containerd's image store, which features.containerd-snapshotter turns on"
        yield "D020", severity, key, f"{text}: {_START} since 29.0", "take one of the two out"


def _unknown(driver: str, *, of_containerd: bool, by_feature: bool) -> Found:
    """A name that neither store has built in. With containerd, snapshotters of any name may be installed, which a user
    who turns its store on by a feature flag knows.
    """
    present_drivers = [name for name, removed_in in _GRAPH_DRIVERS.items() if not removed_in]
    names = [*_SNAPSHOTTERS, *present_drivers] if of_containerd else [*present_drivers, *_SNAPSHOTTERS]
    if (
        similar := ("overlay2",)
        if driver.startswith("overlay") and driver[-1:] == "2"
        else similar_names(driver, names, 0.75, by_word=False)
    ):
        text = f"there is no storage driver {driver!r}: {_START}"
        yield "D020", "error", ("storage-driver",), text, f"write {' or '.join(similar)}"
    elif not of_containerd:
        text = f"there is no storage driver {driver!r}: {_START}"
        yield "D020", "error", ("storage-driver",), text, f"write one of {', '.join(present_drivers)}"
    elif not by_feature:
        text = f"there is no storage driver {driver!r}: without a snapshotter of this name in containerd, {_START}"
        yield "D020", "warning", ("storage-driver",), text, f"install it, or write one of {', '.join(present_drivers)}"


def _options(tree: Tree, version: Version | None) -> Found:
    driver_text = tree.get("storage-driver")
    driver = driver_text if isinstance(driver_text, str) and driver_text else "overlay2"
    harm = _harm(tree, version)
    driver_options = _OPTIONS.get(driver)
    for index, option in enumerate(_texts(tree)):
        name, equals, _ = option.partition("=")
        name, key = name.strip().lower(), ("storage-opts", index)
        if not harm:
            continue
        if not equals:
            yield "D017", harm, key, f"must be NAME=VALUE: {_START}", f"write {name}=VALUE"
        elif driver_options is not None and name not in driver_options:
            slip = tuple(option for option in driver_options if option.endswith(f".{name}")) or similar_names(
                name, driver_options, 0.8
            )
            text = f"{driver} has no option {name!r}: {_START}"
            fix = f"write {' or '.join(slip)}" if slip else f"take it out; the options are {', '.join(driver_options)}"
            yield "D020", "error" if slip else harm, key, text, fix
        elif driver_options is not None:
            first, removed_in = driver_options[name]
            if removed_in and (severity := since(removed_in, version)):
                yield (
                    "D020",
                    severity,
                    key,
                    f"{driver} does not have {name} since {removed_in}: {_START}",
                    "take it out",
                )
            elif first and (severity := before(first, version)):
                text = f"{driver} does not have {name} before {first}: {_START}"
                yield "D020", severity, key, text, "take it out"


def _harm(tree: Tree, version: Version | None) -> Severity | Literal[""]:
    """The severity of a wrong option. containerd's store reads none. Without a driver it depends on the store."""
    chosen = _of_containerd(tree)
    if chosen:
        return "" if version is None or version >= (24, 0) else "error"
    return "error" if tree.get("storage-driver") or chosen is False else before("29.0", version)


def _texts(tree: Tree) -> Iterator[str]:
    value = tree.get("storage-opts")
    yield from (item for item in (value if isinstance(value, list) else ()) if isinstance(item, str))
