"""Properties that hold for any files: of reconciling, and of a plan that was applied."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runnerops.model.common import ServiceName, Tree
from runnerops.model.host_state import HostState, RemoteFile, sha256
from runnerops.model.inventory import Host, Policy, RenderedFile
from runnerops.model.plan import Plan
from runnerops.planning.reconcile import reconcile
from runnerops.services import service_of
from runnerops.services.docker.schema import mirrors_of
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from tests.unit.plan_builders import CONFIG, ask, observed, plan
from tests.unit.services.builders import (
    DAEMON,
    MIRROR,
    cache,
    compose_facts,
    daemon,
    engine,
    host,
    json_bytes,
    our_container,
    state,
)
from tests.unit.services.builders import render_file as rendered_caches
from tests.unit.strategies import CONFIGS, DAEMONS

EVERYTHING = Policy(
    allow=frozenset(
        {
            "unmanaged-file",
            "modified-on-host",
            "drop-runner",
            "replace-token",
            "empty-token",
            "last-mirror",
            "data-root",
        }
    )
)
KEY = "5a" * 32


def asked_config(tree: Tree) -> Tree:
    """As an inventory asks: ids are the host's, and some tokens are left out."""
    runners = tree.get("runners")
    if not isinstance(runners, list):
        return tree
    bare: list[Any] = [{k: v for k, v in runner.items() if k != "id"} for runner in runners if isinstance(runner, dict)]
    return {**tree, "runners": bare}


def tree_of(content: bytes | None) -> dict[str, Any]:
    return tomllib.loads((content or b"").decode())


# ----------------------------------------------------------------------------------------------------- config.toml


@given(rendered=CONFIGS, there=CONFIGS, left_out=st.booleans())
def test_reconciling_a_config_twice_is_reconciling_it_once(rendered: Tree, there: Tree, left_out: bool) -> None:
    desired = asked_config(rendered)
    if left_out:
        desired = without_tokens(desired)
    now = observed(None, to_toml(there).encode())
    files = ask(None, to_toml(desired).encode())
    this_host = Host("h", "h", sections={ServiceName.GITLAB_RUNNER: {}})
    once, _ = reconcile(this_host, files, now)
    assert reconcile(this_host, once, now)[0] == once
    there_now = replace(now, files={CONFIG: replace(now.files[CONFIG], content=once[0].content)})
    assert reconcile(this_host, files, there_now)[0][0].content == once[0].content


def without_tokens(tree: Tree) -> Tree:
    runners = tree.get("runners")
    if not isinstance(runners, list):
        return tree
    bare: list[Any] = [
        {k: v for k, v in runner.items() if k != "token"} for runner in runners if isinstance(runner, dict)
    ]
    return {**tree, "runners": bare}


@given(rendered=CONFIGS, there=CONFIGS)
def test_reconciling_never_loses_what_the_host_owns(rendered: Tree, there: Tree) -> None:
    """Every runner that is asked for without a token, and that the host has, keeps the host's token, id and dates."""
    now = observed(None, to_toml(there).encode())
    this_host = Host("h", "h", sections={ServiceName.GITLAB_RUNNER: {}})
    (file,), _ = reconcile(this_host, ask(None, to_toml(without_tokens(asked_config(rendered))).encode()), now)
    known = {runner["name"]: runner for runner in tree_of(to_toml(there).encode()).get("runners", [])}
    for runner in tree_of(file.content).get("runners", []):
        if runner["name"] in known:
            mine = {key: runner.get(key) for key in ("id", "token")}
            assert mine == {key: known[runner["name"]].get(key) for key in ("id", "token")}


@given(rendered=CONFIGS, there=CONFIGS)
def test_equal_meaning_gives_the_hosts_own_bytes_of_a_config(rendered: Tree, there: Tree) -> None:
    now = observed(None, b"# by hand\n" + to_toml(there).encode())
    this_host = Host("h", "h", sections={ServiceName.GITLAB_RUNNER: {}})
    service = service_of(ServiceName.GITLAB_RUNNER)
    (file,), _ = reconcile(this_host, ask(None, to_toml(asked_config(rendered)).encode()), now)
    content = now.files[CONFIG].content
    assert content
    key_changes = service.key_changes(file.spec, tree_of(content), tree_of(file.content))
    assert (key_changes == ()) == (file.content == content)


# ---------------------------------------------------------------------------- what was applied asks for nothing more


def applied(made: Plan, before: HostState) -> HostState:
    """The host once the plan's run has ended well: the files, what is loaded of them, what is recorded."""
    files = dict(before.files)
    for change in made.changes:
        path, spec, content = change.old.path, change.new.spec, change.new.content
        kind = RemoteFile(path) if content is None else RemoteFile(path, "file", content, spec.mode, spec.owner)
        files[path] = kind
    docker = before.facts.docker
    if docker and DAEMON in files:
        tree = service_of(ServiceName.DOCKER).parse(daemon({}).spec, files[DAEMON].content or b"")
        live = tree["live-restore"] is True if "live-restore" in tree else docker.live_restore
        mirrors = mirrors_of(tree["registry-mirrors"]) if "registry-mirrors" in tree else docker.mirrors
        if any(action.service is ServiceName.DOCKER and action.verb.name == "RESTART" for action in made.actions):
            live, mirrors = tree.get("live-restore") is True, mirrors_of(tree.get("registry-mirrors"))
        docker = replace(docker, mirrors=mirrors, live_restore=live)
    base = {path: made.files[name] for path, name in made.contents.items()}
    facts = replace(before.facts, docker=docker)
    return replace(
        before,
        files=files,
        facts=facts,
        applied=made.applied,
        base=base,
        since=made.run,
        secret_fingerprints=made.secret_fingerprints,
    )


@given(rendered=DAEMONS, there=st.none() | DAEMONS, mirrors=st.sampled_from([(), (MIRROR,)]), live=st.booleans())
def test_a_daemon_json_that_was_applied_asks_for_nothing_more(
    rendered: Tree, there: Tree | None, mirrors: tuple[str, ...], live: bool
) -> None:
    now = state({} if there is None else {DAEMON: json_bytes(there)}, engine(mirrors=mirrors, live=live))
    made = plan((daemon(rendered),), now, EVERYTHING, host=host(rendered))
    assert plan((daemon(rendered),), applied(made, now), host=host(rendered)).empty


@given(rendered=CONFIGS, there=CONFIGS, base=st.none() | CONFIGS)
def test_a_config_that_was_applied_asks_for_nothing_more(rendered: Tree, there: Tree, base: Tree | None) -> None:
    files = ask(None, to_toml(asked_config(rendered)).encode())
    now = replace(observed(None, to_toml(there).encode()), applied={})
    if base is not None:
        content = to_toml(base).encode()
        now = replace(now, applied={CONFIG: sha256(content)}, base={CONFIG: content}, since=7)
    made = plan(files, now, EVERYTHING, key=KEY)
    after = applied(made, now)
    again = plan(files, after, key="77" * 32)
    assert (again.changes, again.actions, again.blockers) == ((), (), ())
    assert again.empty


@given(
    rendered=DAEMONS, there=DAEMONS, names=st.sets(st.sampled_from(["labels", "mtu", "log-opts", "runtimes", "debug"]))
)
def test_what_the_host_keeps_is_the_hosts_own(rendered: Tree, there: Tree, names: set[str]) -> None:
    this_host = host(rendered, keep={ServiceName.DOCKER: tuple(sorted(names))})
    (file,), _ = reconcile(this_host, (daemon(rendered),), state({DAEMON: json_bytes(there)}, engine()))
    service = service_of(ServiceName.DOCKER)
    tree = service.parse(file.spec, file.content or b"")
    for name in names:
        assert service.key_changes(file.spec, {name: there.get(name)}, {name: tree.get(name)}) == ()


CACHES = st.lists(
    st.builds(
        lambda number, keys: cache(f"c{number}", listen=f"192.0.2.10:500{number}", **keys),
        st.integers(1, 3),
        st.fixed_dictionaries(
            {},
            optional={
                "ttl": st.sampled_from(["1h", "2h"]),
                "image": st.sampled_from(["registry:3.0.0", "registry:3.1.1"]),
            },
        ),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda runner: str(runner["name"]),
)


def containers(files: Mapping[str, RemoteFile], rendered: list[Tree], compose: RenderedFile) -> Any:
    """What `up -d` makes of the Compose file."""
    tree: Any = service_of(ServiceName.REGISTRY).parse(compose.spec, files[compose.spec.path].content or b"")
    for runner in rendered:
        name = str(runner["name"])
        label = tree["services"][name]["labels"]["runnerops.registry-config.sha256"]
        made = sha256(f"{name}{label}{runner['image']}".encode())
        yield our_container(name, label, id=made, image=runner["image"], ports=(runner["listen"],))


@given(rendered=CACHES, there=CACHES, keep=st.sampled_from([(), ("proxy.ttl",), ("log", "services.c1.environment.A")]))
def test_caches_that_were_applied_ask_for_nothing_more(
    rendered: list[Tree], there: list[Tree], keep: tuple[str, ...]
) -> None:
    before = rendered_caches(host({}, there))
    now = state(
        {file.spec.path: file.content or b"" for file in before},
        engine(),
        registry_facts=compose_facts(),
        applied={file.spec.path: sha256(file.content) for file in before},
    )
    this_host = host(None, rendered, keep={ServiceName.REGISTRY: keep} if keep else {})
    files = rendered_caches(this_host)
    made = plan(files, now, EVERYTHING, host=this_host)
    after = applied(made, now)
    running = tuple(containers(after.files, rendered, files[-1]))
    docker = after.facts.docker
    assert docker
    after = replace(after, facts=replace(after.facts, docker=replace(docker, containers=running)))
    again = plan(files, after, host=this_host)
    assert (again.changes, again.actions) == ((), ())
    assert again.empty
