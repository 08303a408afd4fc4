"""Makes what a rollback asks for of the runs that a host keeps."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from runnerops.errors import RunneropsError
from runnerops.model.common import ABSENT, ServiceName
from runnerops.model.host_state import HostState, RemoteFile, Run, sha256
from runnerops.model.inventory import Host, Requester
from runnerops.model.run import Record
from runnerops.model.steps import Step
from runnerops.planning.reconcile import reconcile
from runnerops.planning.restore import choose_restore_point, contents_at, keep_untouched, phases_of, restored_host
from runnerops.services.gitlab_runner import GITLAB_RUNNER

A, B, C = "/etc/docker/daemon.json", "/etc/gitlab-runner/config.toml", "/opt/registry/docker-compose.yml"


def record(
    number: int,
    swaps: Mapping[str, tuple[str, str]],
    *,
    result: str = "applied",
    running: bool = False,
    since: Mapping[str, str] | None = None,
) -> Record:
    """A run that changed `swaps`, each path from a sha to another; it keeps what it left. `since`: files of runs before."""
    forward = [Step("phase", ("docker",))]
    for index, (path, (old, new)) in enumerate(swaps.items(), 1):
        if old != ABSENT:
            forward.append(Step("stage", (f"old.{index}", path, "0644", "root:root", old)))
        forward.append(Step("swap", (path, old, new)))
    names = {path: f"new.{index}" for index, (path, (_, new)) in enumerate(swaps.items(), 1) if new != ABSENT}
    files = {**(since or {}), **{path: new for path, (_, new) in swaps.items()}}
    run = Run(number, Requester("anna", "laptop"), "d", result, running, files)
    return Record(run, forward=tuple(forward), contents=names)


FIRST = record(1, {A: (ABSENT, "a1"), B: ("b0", "b1")})
SECOND = record(2, {A: ("a1", "a2")}, since={B: "b1"})
FAILED = record(3, {A: ("a2", "a3")}, result="rolled-back")
ONLY_RECORDED = record(4, {})


def places(records: list[Record], to: int | None = None) -> Mapping[str, str | None]:
    return choose_restore_point("h", records, to).places


def test_without_a_number_it_is_as_before_the_last_run_that_changed_a_file() -> None:
    assert places([ONLY_RECORDED, FAILED, SECOND, FIRST]) == {A: "runs/2/old.1"}
    assert places([FAILED, FIRST]) == {A: None, B: "runs/1/old.2"}


@pytest.mark.parametrize("end", ["needs-attention", ""])
def test_a_run_that_left_the_host_half_way_is_one_to_undo(end: str) -> None:
    half = record(3, {A: ("a2", "a3")}, result=end)
    assert places([half, SECOND, FIRST]) == {A: "runs/3/old.1"}


def test_one_that_is_going_on_is_not() -> None:
    going_on = record(3, {A: ("a2", "a3")}, result="", running=True)
    assert places([going_on, SECOND, FIRST]) == {A: "runs/2/old.1"}


def test_a_number_means_as_that_run_left_it() -> None:
    third = record(3, {A: ("a2", ABSENT), C: (ABSENT, "c3")})
    fourth = record(4, {C: ("c3", "c4")})
    untouched = "originals/opt%registry%docker-compose.yml"
    assert places([fourth, third, SECOND, FIRST], 2) == {A: "runs/2/new.1", C: untouched}
    assert places([fourth, third], 3) == {A: None, C: "runs/3/new.2"}


def test_what_no_run_had_touched_by_then_goes_to_its_original_though_the_run_that_did_is_pruned() -> None:
    later = record(9, {C: ("c8", "c9")}, since={A: "a2", B: "b1"})
    assert places([later, SECOND], 2)[C] == "originals/opt%registry%docker-compose.yml"


def test_what_only_a_run_that_rolled_back_meant_to_change_is_left_alone() -> None:
    failed = record(3, {C: (ABSENT, "c3")}, result="rolled-back", since={A: "a2", B: "b1"})
    assert set(places([failed, SECOND, FIRST], 0)) == {A, B}
    assert C not in places([failed, SECOND, FIRST], 2)


def test_zero_knows_the_files_of_runs_that_are_pruned() -> None:
    last = record(9, {}, since={A: "a2", C: ABSENT})
    assert set(places([last], 0)) == {A, C}


def test_zero_means_as_before_the_first() -> None:
    contents = places([SECOND, FIRST], 0)
    assert contents == {A: "originals/etc%docker%daemon.json", B: "originals/etc%gitlab-runner%config.toml"}


@pytest.mark.parametrize(
    ("records", "to", "says"),
    [
        ([], None, "nothing to undo"),
        ([ONLY_RECORDED, FAILED], None, "nothing to undo"),
        ([], 0, "no run yet"),
        ([FAILED], 0, "no run changed a file"),
        ([SECOND, FIRST], 7, "run 7 is not kept"),
        ([FAILED, SECOND], 3, "run 3 ended rolled-back"),
    ],
)
def test_a_rollback_that_is_impossible_says_why(records: list[Record], to: int | None, says: str) -> None:
    with pytest.raises(RunneropsError, match=says):
        choose_restore_point("h", records, to)


def test_what_can_be_gone_back_to_is_named() -> None:
    with pytest.raises(RunneropsError) as caught:
        choose_restore_point("h", [FAILED, SECOND, FIRST], 9)
    assert "runs to go back to: 2, 1" in caught.value.hint


def test_contents_are_taken_where_they_are_kept() -> None:
    first = record(1, {A: (ABSENT, "a1"), B: (sha256(b"b0"), sha256(b"b1"))})
    target = choose_restore_point("h", [first], None)
    assert contents_at("h", target, {"runs/1/old.2": b"b0"}) == {A: None, B: b"b0"}
    for kept in ({}, {"runs/1/old.2": b""}, {"runs/1/old.2": b"b"}):  # a power cut may have left a part of it
        with pytest.raises(RunneropsError, match=f"the content that {B} had then is not kept"):
            contents_at("h", target, kept)


def test_a_content_that_a_run_left_is_whole_but_for_a_newline_at_its_end() -> None:
    left = record(2, {A: ("a1", sha256(b"{}"))}, since={B: "b1"})
    target = choose_restore_point("h", [left], 2)
    for whole in (b"{}", b"{}\n"):
        assert contents_at("h", target, {"runs/2/new.1": whole})[A] == whole
    with pytest.raises(RunneropsError, match="not kept any more"):
        contents_at("h", target, {"runs/2/new.1": b""})


def test_an_original_may_be_a_file_none_or_nothing_that_ever_changed() -> None:
    target = choose_restore_point("h", [record(1, {A: (ABSENT, "a1"), B: ("b0", "b1"), C: ("c0", "c1")})], 0)
    kept = {"originals/etc%docker%daemon.json.absent": b"", "originals/etc%gitlab-runner%config.toml": b"b0"}
    assert contents_at("h", target, kept) == {A: None, B: b"b0"}


# ------------------------------------------------------------------------------------ as if an inventory asked for it

HOST = Host("h", "h", sections={name: {} for name in ServiceName})
TOML = b"""concurrent = 2

[[runners]]
name = "one"
url = "https://gitlab.example.com"
id = 7
token = "glrt-old"
token_obtained_at = 2026-01-02T03:04:05Z
executor = "shell"
"""
COMPOSE = b"""services:
  dockerhub:
    image: registry:2.8.3
    ports: ["172.17.0.1:5000:5000"]
    volumes: ["./registry-config.yml:/etc/runnerops/registry-config.yml:ro", "dockerhub:/var/lib/registry"]
    labels: {runnerops.registry-config.sha256: abc}
volumes: {dockerhub: {name: runnerops-dockerhub}}
"""
CONFIG = b"version: 0.1\nproxy: {remoteurl: 'https://registry-1.docker.io', username: u, password: p}\n"


def test_the_runners_own_is_never_asked_for() -> None:
    restored = restored_host(HOST, {B: TOML}, {})
    (file,) = restored.rendered
    assert file.content
    assert b"concurrent = 2" in file.content
    assert b'name = "one"' in file.content
    for word in (b"token", b"glrt", b"id =", b"2026"):
        assert word not in file.content
    assert "stay as the host has them" in restored.notes[0]


@pytest.mark.parametrize(
    ("content", "comes"),
    [
        (b"", b"glrt-old"),
        (b'[[runners]]\nname = "other"\nurl = "https://gitlab.example.com"\ntoken = "glrt-x"\n', b"glrt-old"),
        (TOML.replace(b"glrt-old", b"glrt-new"), b"glrt-new"),
        (TOML.replace(b"glrt-old", b"glrt-new").replace(b'"one"', b'"renamed"'), b"glrt-new"),
    ],
    ids=["lost", "lost beside another", "rotated", "renamed and rotated"],
)
def test_a_runner_that_is_there_keeps_its_token_and_one_that_is_lost_gets_its_own(content: bytes, comes: bytes) -> None:
    restored = restored_host(HOST, {B: TOML}, {})
    now = RemoteFile(B, "file", content, "0600", "root:root")
    ((file,), blockers) = reconcile(restored.host, restored.rendered, HostState(files={B: now}))
    assert blockers == ()
    assert file.content
    assert comes in file.content
    assert b"id = 7" in file.content
    assert file.content.count(b"token = ") == 1
    assert b"2026-01-02" in file.content


@pytest.mark.parametrize("content", [b"", TOML.replace(b"concurrent = 2", b"concurrent = 9"), b"["])
def test_the_file_comes_back_byte_for_byte_where_its_tokens_are_those_of_then(content: bytes) -> None:
    toml = b"# by hand\r\n" + TOML.replace(b"\n", b"\r\n")
    restored = restored_host(HOST, {B: toml}, {})
    now = RemoteFile(B, "file", content, "0600", "root:root")
    ((file,), _) = reconcile(restored.host, restored.rendered, HostState(files={B: now}))
    assert file.content == toml


def test_a_token_that_comes_back_is_none_that_the_inventory_gave() -> None:
    restored = restored_host(HOST, {B: TOML}, {})
    assert not GITLAB_RUNNER.replaceable_secrets(restored.rendered)


def test_no_config_toml_is_an_empty_one_and_no_daemon_json_is_none() -> None:
    rendered = {file.spec.path: file.content for file in restored_host(HOST, {A: None, B: None}, {}).rendered}
    assert rendered == {A: None, B: b""}


def test_caches_are_those_of_the_compose_file() -> None:
    files = {C: COMPOSE, "/opt/registry/registry-config.yml": CONFIG, "/opt/registry/registry-config.x.yml": None}
    restored = restored_host(HOST, files, dict.fromkeys(files, "registry"))
    (cache,) = restored.host.caches
    assert (cache.name, cache.url, cache.upstream) == (
        "dockerhub", "http://172.17.0.1:5000", "https://registry-1.docker.io",
    )  # fmt: skip
    desired, _ = reconcile(restored.host, restored.rendered, HostState())
    assert [(file.spec.path.rpartition("/")[2], file.spec.mode, file.spec.name) for file in desired] == [
        ("registry-config.yml", "0600", "dockerhub"),
        ("docker-compose.yml", "0644", ""),
    ]


def test_a_compose_file_of_others_comes_back_and_brings_up_no_cache() -> None:
    foreign = b"services: {web: {image: nginx}}\n"
    restored = restored_host(HOST, {C: foreign}, {C: "registry"})
    assert restored.host.caches == ()
    assert [file.content for file in restored.rendered] == [foreign]


def test_a_path_that_no_section_manages_now_stays() -> None:
    restored = restored_host(Host("h", "h", sections={ServiceName.DOCKER: {}}), {A: b"{}", C: COMPOSE}, {C: "registry"})
    assert [file.spec.path for file in restored.rendered] == [A]
    assert restored.notes == (f"{C} stays as it is now: no section manages it",)


def test_a_path_belongs_where_a_run_put_it() -> None:
    odd = "/srv/odd.json"
    moved = Record(Run(1, Requester("", ""), "d", "applied", False), forward=(
        Step("phase", ("docker",)), Step("swap", (odd, ABSENT, "x")),
    ))  # fmt: skip
    restored = restored_host(HOST, {odd: b'{"debug": true}'}, phases_of([moved]))
    assert restored.host.sections[ServiceName.DOCKER] == {"debug": True}


def test_what_it_is_not_about_stays_as_the_host_has_it() -> None:
    rendered = restored_host(HOST, {A: b"{}", B: TOML}, {}).rendered
    edited = RemoteFile(A, "file", b'{"debug": true}', "0644", "root:root")
    kept = keep_untouched(rendered, {B}, HostState(files={A: edited}))
    assert {file.spec.path: sha256(file.content) for file in kept}[A] == sha256(edited.content)
    assert [file.spec.path for file in keep_untouched(rendered, {B}, HostState())] == [B]
