"""With which image store Docker starts, and what a change of it requires. The store in effect decides, not the key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.model.common import Tree
from runnerops.model.facts import DataRoot, DockerStore
from runnerops.services.docker import DOCKER
from runnerops.services.docker.action.store import differences
from tests.unit.services.builders import ARGV, DAEMON, POLICY, change_daemon, engine, host, json_bytes, state

ROOT = "/var/lib/docker"
GRAPH = DockerStore(ROOT, "overlay2")
CONTAINERD = DockerStore(ROOT, "overlayfs", containerd=True)
REMAPPED = DockerStore(ROOT, "overlay2", remapped=True)
VFS = DockerStore(ROOT, "vfs")
EMPTY, USED = DataRoot(ROOT), DataRoot(ROOT, ("overlay2",))
LINK = {ROOT: DataRoot("/srv/docker"), "/srv/docker": DataRoot("/srv/docker")}


def features(**flags: bool) -> Tree:
    return {"features": {name.replace("_", "-"): value for name, value in flags.items()}}


TO_GRAPH = "image store containerd (overlayfs) → graphdriver (overlay2)"
SNAPSHOTTER, NO_SNAPSHOTTER = features(containerd_snapshotter=True), features(containerd_snapshotter=False)
MIGRATION, EMBEDDED = features(containerd_migration=True), features(embedded_containerd=True)


@pytest.mark.parametrize(
    ("version", "store", "on_disk", "old", "desired", "changes"),
    [
        ("26.1.5", GRAPH, USED, {}, {"data-root": ROOT}, ""),
        ("26.1.5", GRAPH, USED, {}, {"data-root": f"{ROOT}/"}, ""),
        ("26.1.5", GRAPH, USED, {}, {"data-root": "/srv/docker"}, f"data-root {ROOT} → /srv/docker"),
        ("26.1.5", replace(GRAPH, root="/srv/d"), USED, {"data-root": "/srv/d"}, {}, f"data-root /srv/d → {ROOT}"),
        ("20.10.24", GRAPH, USED, {}, {"graph": "/srv/docker"}, f"data-root {ROOT} → /srv/docker"),
        ("26.1.5", GRAPH, USED, {}, {"storage-driver": "overlay2"}, ""),
        ("26.1.5", GRAPH, USED, {"storage-driver": "overlay2"}, {}, ""),
        ("26.1.5", GRAPH, USED, {}, {"storage-driver": "vfs"}, "storage-driver overlay2 → vfs"),
        ("26.1.5", VFS, EMPTY, {}, {"mtu": 1400}, ""),
        ("26.1.5", VFS, EMPTY, {"storage-driver": "vfs"}, {}, "storage-driver vfs → overlay2"),
        ("26.1.5", GRAPH, USED, {"storage-driver": "vfs"}, {"mtu": 1, "storage-driver": "vfs"},
         "storage-driver overlay2 → vfs"),
        ("26.1.5", GRAPH, USED, {}, {"userns-remap": "default"}, "userns-remap off → dockremap"),
        ("26.1.5", REMAPPED, USED, {"userns-remap": "default"}, {"userns-remap": "dockremap"}, ""),
        ("26.1.5", REMAPPED, USED, {"userns-remap": "default"}, {"userns-remap": "ci"}, "userns-remap dockremap → ci"),
        ("26.1.5", REMAPPED, USED, {"userns-remap": "default"}, {}, "userns-remap dockremap → off"),
        ("23.0.6", GRAPH, USED, {}, SNAPSHOTTER, ""),
        ("26.1.5", GRAPH, USED, {}, SNAPSHOTTER, "image store graphdriver (overlay2) → containerd (overlayfs)"),
        ("28.5.2", GRAPH, USED, {}, NO_SNAPSHOTTER, ""),
        ("28.5.2", CONTAINERD, USED, SNAPSHOTTER, {}, TO_GRAPH),
        ("28.5.2", CONTAINERD, EMPTY, SNAPSHOTTER, SNAPSHOTTER, ""),
        ("29.7.2", CONTAINERD, EMPTY, {}, SNAPSHOTTER, ""),
        ("29.7.2", CONTAINERD, EMPTY, SNAPSHOTTER, {}, ""),
        ("29.7.2", CONTAINERD, USED, SNAPSHOTTER, {}, TO_GRAPH),
        ("29.7.2", CONTAINERD, EMPTY, {}, NO_SNAPSHOTTER, TO_GRAPH),
        ("29.7.2", CONTAINERD, EMPTY, {}, {"storage-driver": "overlay2"}, TO_GRAPH),
        ("29.7.2", CONTAINERD, EMPTY, {}, {"storage-driver": "overlayfs"}, ""),
        ("29.7.2", CONTAINERD, EMPTY, {}, {"userns-remap": "default"}, f"userns-remap off → dockremap, {TO_GRAPH}"),
        ("29.7.2", GRAPH, USED, {}, {"mtu": 1400}, ""),
        ("29.7.2", GRAPH, USED, {}, NO_SNAPSHOTTER, ""),
        ("29.7.2", GRAPH, USED, NO_SNAPSHOTTER, {}, ""),
        ("29.7.2", GRAPH, USED, {}, SNAPSHOTTER, "image store graphdriver (overlay2) → containerd (overlayfs)"),
        ("29.7.2", GRAPH, USED, {}, MIGRATION, "features.containerd-migration false → true"),
        ("29.7.2", CONTAINERD, EMPTY, {}, MIGRATION, ""),
        ("29.7.2", CONTAINERD, USED, MIGRATION, {}, TO_GRAPH),
        ("28.5.2", GRAPH, USED, {}, MIGRATION, ""),
        ("29.7.2", CONTAINERD, EMPTY, {}, EMBEDDED, "features.embedded-containerd off → on"),
        ("29.7.2", replace(CONTAINERD, embedded=True), EMPTY, EMBEDDED, {}, "features.embedded-containerd on → off"),
        ("29.6.0", CONTAINERD, EMPTY, {}, EMBEDDED, ""),
    ],
)  # fmt: skip
def test_what_docker_sees_in_another_store(
    version: str, store: DockerStore, on_disk: DataRoot, old: Tree, desired: Tree, changes: str
) -> None:
    docker = engine(version, store=store, roots={ROOT: on_disk})
    reasons = differences(old, desired, docker)
    assert ", ".join(map(str, reasons)) == changes
    have = state({DAEMON: json_bytes(old)}, docker)
    made = change_daemon(have, desired)
    action = DOCKER.minimal_action(host(desired), made, have, POLICY, ())
    codes = [
        blocker.code for blocker in DOCKER.blockers(host(desired), made, (action,) if action else (), have, POLICY)
    ]
    assert ("data-root" in codes) is bool(changes)
    assert action is None or action.new_store is bool(changes)


def test_a_data_root_that_is_a_link_counts_as_its_target() -> None:
    docker = engine(store=DockerStore("/srv/docker", "overlay2"), roots=LINK)
    assert differences({}, {"data-root": "/srv/docker"}, docker) == ()
    assert differences({"data-root": "/srv/docker"}, {}, docker) == ()


@pytest.mark.parametrize("flags", [("--data-root", "/srv/d"), ("--data-root=/srv/d",), ("-g", "/srv/d")])
def test_what_the_unit_gives_as_a_flag_stays(flags: tuple[str, ...]) -> None:
    docker = engine(store=DockerStore("/srv/d", "overlay2"), argv=(*ARGV, *flags))
    assert differences({}, {"mtu": 1400}, docker) == ()
    embedded = DockerStore(ROOT, "overlayfs", containerd=True, embedded=True)
    docker = engine("29.7.2", store=embedded, argv=(*ARGV, "--feature", "embedded-containerd"))
    assert differences({}, {"mtu": 1400}, docker) == ()


def test_the_store_of_a_stopped_daemon_is_found_by_its_file() -> None:
    docker = engine(active="inactive")
    assert differences({"data-root": ROOT}, {}, docker) == ()
    assert [difference.key for difference in differences({}, {"data-root": "/srv/d"}, docker)] == ["data-root"]
    assert [difference.key for difference in differences({}, SNAPSHOTTER, docker)] == ["image store"]


@pytest.mark.parametrize(
    ("version", "flag", "verb"),
    [
        ("26.1.5", "buildkit", "RELOAD"),
        ("24.0.9", "cdi", "RELOAD"),  # nothing reads it yet
        ("25.0.5", "cdi", "RESTART"),
        ("29.4.0", "time-namespaces", "RELOAD"),
        ("29.5.0", "time-namespaces", "RESTART"),
        ("29.7.2", "swarm-nftables", "RELOAD"),
        ("29.7.2", "no-such-flag", "RELOAD"),  # known to be read by nothing
        ("29.9.0", "no-such-flag", "RESTART"),  # not known
        ("", "cdi", "RESTART"),
    ],
)
def test_a_feature_flag_that_only_a_start_reads_takes_a_restart(version: str, flag: str, verb: str) -> None:
    have = state({DAEMON: b"{}"}, engine(version, store=GRAPH, roots={ROOT: USED}))
    desired: Tree = {"features": {flag: True}}
    action = DOCKER.minimal_action(host(desired), change_daemon(have, desired), have, POLICY, ())
    assert action
    assert action.verb.name == verb
    alone = state({DAEMON: json_bytes({"features": {"buildkit": True, flag: True}})}, have.facts.docker)
    action = DOCKER.minimal_action(host(desired), change_daemon(alone, desired), alone, POLICY, ())
    assert action is None or action.verb.name == ("RELOAD" if flag != "buildkit" else verb)
