"""What dockerd on a host should have: its own paths, keys that belong to the host, and keys that must be written out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runnerops.model.common import ServiceName, Tree
from runnerops.model.facts import DockerFacts
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.services import DOCKER
from tests.unit.services.builders import ARGV, DAEMON, MIRROR, daemon, engine, host, json_bytes, state


def reconcile(tree: Tree, observed: HostState, this_host: Host | None = None) -> tuple[str, bytes | None]:
    (file,), blockers = DOCKER.reconcile(this_host or host(tree), [daemon(tree)], observed)
    assert blockers == ()
    return file.spec.path, file.content


def reconciled(tree: Tree, observed: HostState, this_host: Host | None = None) -> Tree:
    _, content = reconcile(tree, observed, this_host)
    assert content is not None
    return DOCKER.parse(daemon(tree).spec, content)


def on_host(tree: Tree, facts: DockerFacts | None = None) -> HostState:
    return state({DAEMON: json_bytes(tree)}, facts or engine())


@pytest.mark.parametrize(
    ("rendered", "host_tree", "facts", "desired"),
    [
        pytest.param(
            {"debug": True}, {"labels": ["a=b"]}, engine(), {"debug": True, "labels": []}, id="taken out of the file"
        ),
        pytest.param({}, {}, engine(mirrors=(MIRROR,)), {"registry-mirrors": []}, id="loaded behind our back"),
        pytest.param({}, {}, engine(live=True), {"live-restore": False}, id="live-restore loaded"),
        pytest.param(
            {},
            {},
            engine(live=True, argv=(*ARGV, "--live-restore")),
            {},
            id="a flag's value is not ours to write out",
        ),
        pytest.param({"mtu": 9}, {"default-cgroupns-mode": "host"}, engine(), {"mtu": 9}, id="no neutral value"),
        pytest.param({"mtu": 9}, {"icc": False}, engine(), {"mtu": 9}, id="does not stick"),
    ],
)
def test_removed_keys_that_a_reload_would_leave_loaded_get_their_default(
    rendered: Tree, host_tree: Tree, facts: DockerFacts, desired: Tree
) -> None:
    assert reconciled(rendered, on_host(host_tree, facts)) == desired


def test_equal_meaning_is_the_hosts_own_file() -> None:
    content = b'{ "registry-mirrors":["http://192.0.2.10:5000/"],"debug":false }'
    observed = state({DAEMON: content}, engine(mirrors=(MIRROR,)))
    assert reconcile({"registry-mirrors": [MIRROR]}, observed)[1] is content


@pytest.mark.parametrize("flag", [("--config-file", "/srv/d.json"), ("--config-file=/srv/d.json",)])
def test_the_file_that_dockerd_was_started_with_is_followed(flag: tuple[str, ...]) -> None:
    observed = state({"/srv/d.json": b"{}"}, engine(argv=(*ARGV, *flag)))
    assert reconcile({"debug": True}, observed)[0] == "/srv/d.json"


def test_keys_under_keep_keep_the_hosts_values() -> None:
    this_host = host({}, keep={ServiceName.DOCKER: ("runtimes", "log-opts.tag", "dns")})
    host_tree: Tree = {"runtimes": {"n": {"path": "/n"}}, "log-opts": {"tag": "x", "max-size": "1m"}}
    rendered: Tree = {"log-opts": {"max-size": "2m"}, "dns": ["192.0.2.1"]}
    assert reconciled(rendered, on_host(host_tree), this_host) == {
        "runtimes": {"n": {"path": "/n"}},
        "log-opts": {"max-size": "2m", "tag": "x"},
    }


VALUES: dict[str, st.SearchStrategy[object]] = {
    "registry-mirrors": st.sampled_from([[], [MIRROR], [MIRROR + "/"], ["http://192.0.2.11:5000", MIRROR]]),
    "live-restore": st.booleans(),
    "labels": st.sampled_from([[], ["a=b"]]),
    "debug": st.booleans(),
    "mtu": st.integers(1000, 1002),
    "log-opts": st.sampled_from([{}, {"max-size": "10m"}]),
    "runtimes": st.sampled_from([{}, {"n": {"path": "/n"}}]),
}
TREES = st.fixed_dictionaries({}, optional=VALUES)
LOADED = st.builds(
    lambda mirrors, live: engine(mirrors=mirrors, live=live), st.sampled_from([(), (MIRROR,)]), st.booleans()
)


@given(TREES, st.none() | TREES, LOADED)
def test_reconciling_twice_changes_nothing_and_an_applied_file_is_in_sync(
    rendered: Tree, there: Tree | None, facts: DockerFacts
) -> None:
    """Settling twice changes nothing more; once it is on the host and loaded, nothing differs any more."""
    observed = state({} if there is None else {DAEMON: json_bytes(there)}, facts)
    once = DOCKER.reconcile(host(rendered), [daemon(rendered)], observed)[0]
    assert DOCKER.reconcile(host(rendered), once, observed)[0] == once
    (file,) = once
    assert file.content is not None
    tree = DOCKER.parse(file.spec, file.content)
    mirrors = tree.get("registry-mirrors")
    urls = tuple(dict.fromkeys(str(url).rstrip("/") for url in mirrors)) if isinstance(mirrors, list) else ()
    after = state({DAEMON: file.content}, engine(mirrors=urls, live=tree.get("live-restore") is True))
    (again,) = DOCKER.reconcile(host(rendered), [daemon(rendered)], after)[0]
    assert again.content is file.content


@pytest.mark.parametrize(
    ("rendered", "host_tree", "facts", "desired"),
    [
        ({"mtu": 9}, {"debug": True}, engine(), {"mtu": 9}),
        ({"mtu": 9}, {"debug": False, "registry-mirrors": []}, engine(), {"mtu": 9}),
        ({"mtu": 9}, {}, engine(mirrors=(MIRROR,)), {"mtu": 9}),
        ({}, {"debug": False, "default-cgroupns-mode": "host"}, engine(), {}),
        ({"labels": ["a=b"]}, {"debug": False}, engine(), {"labels": ["a=b"], "debug": False}),
        ({}, {"debug": False}, engine(), {"debug": False}),
        ({"labels": ["a=b"]}, {"debug": False}, engine(active="inactive"), {"labels": ["a=b"]}),
    ],
)
def test_a_key_that_only_unloads_is_removed_with_a_restart(
    rendered: Tree, host_tree: Tree, facts: DockerFacts, desired: Tree
) -> None:
    observed = on_host(host_tree, facts)
    assert reconciled(rendered, observed) == desired
    notes = list(DOCKER.remarks(host(rendered), [daemon(rendered)], (), observed))
    left = {name for name in desired if name not in rendered}
    assert [left <= set(note.replace(",", "").split()) for note in notes] == ([True] if left else [])


def test_what_the_host_keeps_does_not_only_unload() -> None:
    this_host = host({}, keep={ServiceName.DOCKER: ("debug",)})
    observed = on_host({"debug": False})
    assert reconciled({"mtu": 9}, observed, this_host) == {"mtu": 9, "debug": False}
    assert list(DOCKER.remarks(this_host, [daemon({})], (), observed)) == []
