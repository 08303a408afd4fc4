"""What a removal makes of a file: the original, with what others have written since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runnerops.model.common import Tree
from runnerops.model.facts import RunnerFacts, Unit
from runnerops.model.gitlab import GitlabAccess
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Original, Policy
from runnerops.services import DOCKER, GITLAB_RUNNER, REGISTRY
from runnerops.services.base import RemovalRequest
from runnerops.services.removal import take_back
from tests.unit.services.builders import (
    DAEMON,
    POLICY,
    cache,
    compose_facts,
    engine,
    host,
    json_bytes,
    render_file,
    state,
)

CONFIG = "/etc/gitlab-runner/config.toml"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=6,
)
TREES = st.dictionaries(st.sampled_from("klm"), VALUES.filter(lambda value: value is not None), max_size=3)


@pytest.mark.parametrize(
    ("base", "first", "now", "left"),
    [
        ({"a": 1, "b": 2}, {"a": 0}, {"a": 1, "b": 2}, {"a": 0}),
        ({"a": 1}, {}, {"a": 1, "c": 3}, {"c": 3}),
        ({"a": 1}, {}, {"a": 7}, {"a": 7}),
        ({"a": 1}, {"b": 2}, {"a": 1}, {"b": 2}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 7}, {"b": 7}),
        ({"a": True}, {}, {"a": 1}, {"a": 1}),
        ({"o": {"x": 1, "y": 2}}, {}, {"o": {"x": 1, "y": 2, "z": 3}}, {"o": {"z": 3}}),
        ({"o": {"x": 1, "y": 2}}, {"o": {"x": 0}}, {"o": {"x": 1, "y": 7}}, {"o": {"x": 0, "y": 7}}),
        ({"m": ["ours"]}, {}, {"m": ["theirs", "ours"]}, {"m": ["theirs"]}),
        ({"m": ["ours"]}, {"m": ["first"]}, {"m": ["ours", "theirs"]}, {"m": ["first", "theirs"]}),
        ({"m": ["ours"]}, {}, {}, {}),
    ],
)
def test_what_is_ours_is_rolled_back_and_edits_stay(base: Tree, first: Tree, now: Tree, left: Tree) -> None:
    assert take_back(base, first, now) == left


@given(TREES, TREES)
def test_without_edits_it_is_the_first(base: Tree, first: Tree) -> None:
    assert take_back(base, first, base) == first


@given(TREES, TREES)
def test_without_changes_of_ours_it_is_as_it_is(first: Tree, now: Tree) -> None:
    assert take_back(first, first, now) == now


def applied_host(files: Mapping[str, bytes], **bases: bytes) -> HostState:
    """A host on which each file was last applied as it is, or as `bases` has it."""
    observed = state(files, engine(), applied=dict.fromkeys(files, "0" * 64))
    return replace(observed, base={**files, **bases})


SECTION: Tree = {"live-restore": True, "log-opts": {"max-size": "7m"}}


@pytest.mark.parametrize(
    ("original", "now", "content"),
    [
        (Original(None), SECTION, None),
        (Original(b'{ "debug": true }\n', "0640", "root:adm"), SECTION, b'{ "debug": true }\n'),
        (Original(None), {**SECTION, "mtu": 1400}, json_bytes({"mtu": 1400})),
        (Original(b'{"debug": true}'), {**SECTION, "mtu": 1400}, json_bytes({"mtu": 1400, "debug": True})),
        (None, {**SECTION, "debug": True}, json_bytes({"debug": True})),
        (None, SECTION, None),
    ],
)
def test_docker_gets_its_first_file_back(original: Original | None, now: Tree, content: bytes | None) -> None:
    observed = replace(applied_host({DAEMON: json_bytes(now)}), base={DAEMON: json_bytes(SECTION)})
    originals = {DAEMON: original} if original else {}
    removal = DOCKER.remove(RemovalRequest(host(SECTION), [DAEMON], originals, observed, POLICY))
    assert removal
    (file,) = removal.desired
    assert file.content == content
    assert (file.spec.mode, file.spec.owner) == (
        (original and original.mode) or "0644",
        (original and original.owner) or "root:root",
    )


def test_what_the_host_keeps_for_good_stays() -> None:
    from runnerops.services.docker.format import NAME

    now = {**SECTION, "runtimes": {"mine": {"path": "/x"}}}
    observed = applied_host({DAEMON: json_bytes(now)})
    this_host = host(SECTION, keep={NAME: ("runtimes",)})
    removal = DOCKER.remove(RemovalRequest(this_host, [DAEMON], {DAEMON: Original(None)}, observed, POLICY))
    assert removal
    assert removal.desired[0].content == json_bytes({"runtimes": {"mine": {"path": "/x"}}})


def test_a_service_that_no_run_brought_is_passed_over() -> None:
    observed = applied_host({DAEMON: b"{}"})
    for service in (DOCKER, REGISTRY, GITLAB_RUNNER):
        assert service.remove(RemovalRequest(host(SECTION), [], {}, observed, POLICY)) is None


@pytest.mark.parametrize("volumes", [False, True])
def test_caches_go_and_their_volumes_are_reported(volumes: bool) -> None:
    this_host = host(caches=[cache()])
    files = {file.spec.path: file.content or b"" for file in render_file(this_host)}
    facts = replace(applied_host(files).facts, registry=compose_facts(volumes=("runnerops-dockerhub",)))
    observed = replace(applied_host(files), facts=facts)
    removal = REGISTRY.remove(
        RemovalRequest(this_host, files, dict.fromkeys(files, Original(None)), observed, Policy(volumes=volumes))
    )
    assert removal
    assert {file.spec.path: file.content for file in removal.desired} == dict.fromkeys(files)
    assert removal.section["caches"] == []
    assert [note.split(";")[0] for note in removal.notes] == [
        f"volume runnerops-dockerhub {'is deleted' if volumes else 'stays'} with its content"
    ]


OLD, NEW = "glrt-" + "o" * 20, "glrt-" + "n" * 20
RUNNER = '[[runners]]\nname = "{}"\nurl = "https://gitlab.example.com"\ntoken = "{}"\nexecutor = "shell"\n'


def runner_state(now: str) -> HostState:
    observed = applied_host({CONFIG: now.encode()})
    return replace(observed, facts=replace(observed.facts, runner=RunnerFacts(Unit("gitlab-runner.service", "active"))))


def section(**keys: str) -> Host:
    from runnerops.model.common import ServiceName

    one: Tree = {"name": "one", "url": "https://gitlab.example.com", "executor": "shell", **keys}
    return Host("h1", "192.0.2.10", sections={ServiceName.GITLAB_RUNNER: {"runners": [one]}})


@pytest.mark.parametrize(
    ("original", "now", "this_host", "content", "codes"),
    [
        (None, RUNNER.format("one", OLD), section(token=OLD), None, []),
        (None, RUNNER.format("one", OLD), section(), None, ["drop-runner"]),
        (None, RUNNER.format("other", OLD), section(token=NEW), None, ["drop-runner"]),
        (RUNNER.format("one", OLD), RUNNER.format("one", OLD), section(), RUNNER.format("one", OLD), []),
        (RUNNER.format("one", OLD), RUNNER.format("one", NEW), section(), RUNNER.format("one", NEW), []),
        (RUNNER.format("mine", OLD), RUNNER.format("one", NEW), section(token=NEW), RUNNER.format("mine", OLD), []),
    ],
)
def test_a_runner_gets_its_first_file_back_with_the_token_of_now(
    original: str | None, now: str, this_host: Host, content: str | None, codes: list[str]
) -> None:
    kept = Original(None if original is None else original.encode(), "0600")
    removal = GITLAB_RUNNER.remove(RemovalRequest(this_host, [CONFIG], {CONFIG: kept}, runner_state(now), POLICY))
    assert removal
    (file,) = removal.desired
    spec = file.spec
    assert (file.content and GITLAB_RUNNER.parse(spec, file.content)) == (
        content and GITLAB_RUNNER.parse(spec, content.encode())
    )
    assert [blocker.code for blocker in removal.blockers] == codes


def test_runners_that_are_deleted_in_gitlab_are_not_told_as_still_registered() -> None:
    this_host = replace(section(), gitlab=GitlabAccess("https://gitlab.example.com"))
    state = replace(runner_state(RUNNER.format("one", OLD)), in_gitlab={"https://gitlab.example.com": {1: "one"}})
    for inventory, is_told in ((this_host, False), (section(), True)):
        removal = GITLAB_RUNNER.remove(
            RemovalRequest(inventory, [CONFIG], {CONFIG: Original(None, "0600")}, state, POLICY)
        )
        assert removal
        assert any("still registered in GitLab" in note for note in removal.notes) is is_told


def test_of_two_runners_of_one_name_each_is_reported() -> None:
    now = runner_state(RUNNER.format("one", OLD) + RUNNER.format("one", NEW))
    originals = {CONFIG: Original(None, "0600")}
    removal = GITLAB_RUNNER.remove(RemovalRequest(section(token=NEW), [CONFIG], originals, now, POLICY))
    assert removal
    assert [blocker.code for blocker in removal.blockers] == ["drop-runner"]
    assert "still registered in GitLab: one, one" in removal.notes[0]


def test_a_config_whose_original_is_lost_stays() -> None:
    removal = GITLAB_RUNNER.remove(
        RemovalRequest(section(), [CONFIG], {}, runner_state(RUNNER.format("one", OLD)), POLICY)
    )
    assert removal
    assert removal.desired == ()
    assert "stays as it is" in removal.notes[0]
