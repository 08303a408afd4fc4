"""Every key of daemon.json by Docker version: how a change takes effect, and what happens if the key is removed.

The expected values come from the daemon's sources and from experiments. They are written out here, and not derived from
the table that they test.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from runnerops.model.common import Tree
from runnerops.model.facts import Facts
from runnerops.services import DOCKER
from runnerops.services.docker.schema import KEYS
from tests.unit.services.builders import DAEMON, MIRROR, POLICY, change_daemon, daemon, engine, host, json_bytes, state

VERSIONS = ("20.10.24", "23.0.6", "24.0.9", "25.0.5", "26.1.5", "27.5.1", "28.5.2", "29.7.2")

STAYS_LOADED: Tree = {  # a reload loads a new value and forgets none: removed, they are written out as their default
    "debug": True,
    "labels": ["a=b"],
    "live-restore": True,
    "shutdown-timeout": 30,
    "registry-mirrors": [MIRROR],
    "insecure-registries": ["192.0.2.10:5000"],
    "runtimes": {"other": {"path": "/usr/bin/other"}},
    "default-shm-size": "128M",
    "default-runtime": "other",
    "default-ipc-mode": "shareable",
}
RESET: Tree = {  # a reload loads a new value, and its default where the key is gone
    "max-concurrent-downloads": 6,
    "max-concurrent-uploads": 6,
    "max-download-attempts": 6,
    "features": {"buildkit": True},
    "network-diagnostic-port": 9999,
    "authorization-plugins": ["plugin"],
}
RESTARTED: Tree = {
    "bip": "192.168.200.1/24",
    "builder": {"gc": {"enabled": True}},
    "cgroup-parent": "/x",
    "data-root": "/srv/docker",
    "default-address-pools": [{"base": "10.231.0.0/16", "size": 24}],
    "dns": ["192.0.2.53"],
    "exec-opts": ["native.cgroupdriver=systemd"],
    "hosts": ["unix:///x"],
    "icc": False,
    "iptables": False,
    "log-driver": "journald",
    "log-level": "warn",
    "log-opts": {"max-size": "10m"},
    "metrics-addr": "127.0.0.1:9323",
    "mtu": 1400,
    "storage-driver": "overlay2",
    "tls": True,
    "userland-proxy": False,
    "userns-remap": "default",
}
ONLY: dict[str, tuple[str, Any, set[str]]] = {  # key: how it takes effect, a value, the versions that know it
    "allow-nondistributable-artifacts": ("reset", ["192.0.2.10:5000"], set(VERSIONS)),
    "cluster-advertise": ("reset", "192.0.2.1:1", {"20.10.24"}),
    "proxies": ("restart", {"http-proxy": "http://192.0.2.1:3128"}, {v for v in VERSIONS if v >= "23"}),
    "default-network-opts": ("restart", {"bridge": {"a": "b"}}, {v for v in VERSIONS if v >= "24"}),
    "log-format": ("restart", "json", {v for v in VERSIONS if v >= "25"}),
    "cdi-spec-dirs": ("restart", ["/etc/cdi"], {v for v in VERSIONS if v >= "25"}),
    "ip-forward-no-drop": ("restart", True, {v for v in VERSIONS if v >= "28"}),
    "firewall-backend": ("restart", "nftables", {"29.7.2"}),
    "min-api-version": ("restart", "1.40", {"29.7.2"}),
    "default-stop-timeout": ("stays", 30, {"29.7.2"}),
    "nri-opts": ("reset", {"enable": True}, {"29.7.2"}),
    "graph": ("restart", "/srv/docker", {"20.10.24"}),
    "oom-score-adjust": ("restart", -500, {v for v in VERSIONS if v < "26"}),
    "api-cors-header": ("restart", "*", {v for v in VERSIONS if v < "28"}),
}


def verb(version: str, host_tree: Tree, rendered: Tree) -> str:
    """What a daemon of this version, that has loaded `host_tree`, must do."""
    mirrors = host_tree.get("registry-mirrors")
    urls = tuple(str(url) for url in mirrors) if isinstance(mirrors, list) else ()
    facts = engine(version, mirrors=urls, live=host_tree.get("live-restore") is True)
    observed = state({DAEMON: json_bytes(host_tree)}, facts)
    action = DOCKER.minimal_action(host(rendered), change_daemon(observed, rendered), observed, POLICY, ())
    return action.verb.name.lower() if action else ""


def written(version: str, host_tree: Tree, rendered: Tree) -> Tree:
    observed = state({DAEMON: json_bytes(host_tree)}, engine(version))
    (file,) = DOCKER.reconcile(host(rendered), [daemon(rendered)], observed)[0]
    return DOCKER.parse(file.spec, file.content or b"")


def test_a_key_that_every_version_has() -> None:
    """Added, removed, and as it was."""
    wrong = {}
    for name, value in {**STAYS_LOADED, **RESET, **RESTARTED}.items():
        expected = "restart" if name in RESTARTED else "reload"
        added = "restart" if name == "authorization-plugins" else expected  # a reload without the plugin ends dockerd
        with_key: Tree = {name: value}
        for version in VERSIONS:
            verbs = (verb(version, {}, with_key), verb(version, with_key, {}), verb(version, with_key, with_key))
            if verbs != (added, expected, ""):
                wrong[name, version] = verbs
    assert wrong == {}


def test_what_would_stay_loaded_is_written_out_when_it_is_removed() -> None:
    """And is in sync from then on."""
    wrong = {}
    for name, value in STAYS_LOADED.items():
        out = written("26.1.5", {name: value}, {})
        if out.get(name, value) == value or verb("26.1.5", out, {}) != "":
            wrong[name] = out
    assert wrong == {}


def test_what_does_not_stay_loaded_is_only_taken_out() -> None:
    keys = {**RESET, **RESTARTED}
    assert [name for name, value in keys.items() if name in written("26.1.5", {name: value}, {})] == []


def test_a_default_that_depends_on_the_kernel_is_got_back_by_a_restart_only() -> None:
    mode: Tree = {"default-cgroupns-mode": "host"}
    for version in VERSIONS:
        assert verb(version, {}, mode) == "reload", version
        assert verb(version, mode, {"default-cgroupns-mode": "private"}) == "reload", version
        assert verb(version, mode, {}) == "restart", version


def test_a_key_that_some_versions_have_is_refused_before_it_reaches_a_dockerd_that_does_not_know_it() -> None:
    spec = daemon({}).spec
    wrong = {}
    for (name, (how, value, known)), version in product(ONLY.items(), VERSIONS):
        facts = Facts(docker=engine(version))
        errors = [finding for finding in DOCKER.lint({spec: {name: value}}, facts) if finding.severity == "error"]
        rules: list[object] = [finding.rule for finding in errors if finding.key == (name,)]
        expected: list[object] = ["D002"]
        if version in known:
            rules += [verb(version, {}, {name: value}), name in written(version, {name: value}, {})]
            expected = ["restart" if how == "restart" else "reload", how == "stays"]
        if rules != expected:
            wrong[name, version] = rules
    assert wrong == {}


def test_a_key_that_nobody_knows_takes_a_restart() -> None:
    assert {verb(version, {}, {"no-such-key": 1}) for version in VERSIONS} == {"restart"}


@pytest.mark.parametrize(("path", "refused"), [(v, v < "25") for v in VERSIONS])
def test_a_mirror_with_a_path(path: str, refused: bool) -> None:
    spec = daemon({}).spec
    findings = DOCKER.lint({spec: {"registry-mirrors": [f"{MIRROR}/hub"]}}, Facts(docker=engine(path)))
    assert [finding.rule for finding in findings] == (["D006"] if refused else [])


def test_every_key_that_a_reload_loads_is_listed_above() -> None:
    """What is not listed above is read at the start by every version: a change of it restarts."""
    listed = {*STAYS_LOADED, *RESET, *RESTARTED, *ONLY, "default-cgroupns-mode", "cluster-store", "cluster-store-opts"}
    assert [name for name, key in KEYS.items() if key.reload and name not in listed] == []
    assert listed <= {*KEYS}
