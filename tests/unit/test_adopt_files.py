"""Where the entry of an adopted host is written, what stays as it is, and that either everything is written or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from runnerops.adopt.draft import best_draft
from runnerops.adopt.entry import Entry
from runnerops.adopt.finding import find_place, find_places, known_names
from runnerops.adopt.insert import add_host
from runnerops.adopt.mirrors import other_hosts_using_cache
from runnerops.adopt.place import AdoptedHost, only_adds
from runnerops.adopt.target import about, host_at, parse_target
from runnerops.adopt.writing import Files, write
from runnerops.errors import InventoryError, RunneropsError, UsageError
from runnerops.inventory import load
from runnerops.model.common import ServiceName, Tree
from runnerops.services.base import Adopted

INVENTORY = """# ours
defaults:
  docker: {live-restore: true, mtu: 1400}
hosts:
  a: {address: 192.0.2.1} # first
  b:
    registry: {caches: [{upstream: https://registry-1.docker.io, listen: 192.0.2.2:5000}]}
"""


@pytest.fixture(name="path")
def fixture_path(tmp_path: Path) -> Path:
    path = tmp_path / "inventory.yml"
    path.write_text(INVENTORY)
    return path


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("root@192.0.2.9", {"ssh": {"user": "root"}}),
        ("me@h.example:2222", {"ssh": {"user": "me", "port": 2222}}),
    ],
)
def test_a_login_is_a_host_with_its_address_for_a_name(target: str, said: Tree) -> None:
    assert about(host_at(target)) == said


def test_a_login_may_have_a_name() -> None:
    host = host_at("me@[2001:db8::1]:22", "six")
    assert (host.name, host.address) == ("six", "2001:db8::1")
    assert about(host) == {"address": "2001:db8::1", "ssh": {"user": "me", "port": 22}}


@pytest.mark.parametrize("target", ["@h", "me@", "me@h:x", "me@h:70000", "-x@h", "me@[2001:db8::1]", "a@b@c"])
def test_what_is_no_login_is_usage(target: str) -> None:
    with pytest.raises(UsageError):
        host_at(target)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("c", ""),
        ("a", "other"),
        ("root@192.0.2.1", ""),
        ("root@192.0.2.9", "b"),
        ("root@b", ""),
        ("root@192.0.2.1", "x"),
    ],
)
def test_a_host_in_the_inventory_takes_no_other_login(path: Path, target: str, name: str) -> None:
    with pytest.raises(UsageError):
        find_place(path, parse_target(target, name))


def test_several_hosts_may_have_one_address(path: Path) -> None:
    assert find_place(path, parse_target("x=root@192.0.2.1:2222")).host.name == "x"
    with pytest.raises(UsageError, match="already, as a"):
        find_place(path, parse_target("x=root@192.0.2.1:22"))


def test_without_an_inventory_a_login_is_needed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such inventory") as caught:
        find_place(tmp_path / "inventory.yml", "a")
    assert "USER@a" in caught.value.hint
    assert find_place(tmp_path / "inventory.yml", parse_target("me@a")).text == ""


def entry(name: str, **sections: Tree) -> Entry:
    return Entry(name, name in {"a", "b"}, {}, {ServiceName(service): tree for service, tree in sections.items()})


def test_what_a_host_has_already_is_its_own_or_inherited(path: Path) -> None:
    place = find_place(path, "b")
    assert place.own_sections == {ServiceName.REGISTRY}
    assert place.inherited["docker"] == {"live-restore": True, "mtu": 1400}
    assert not place.host.sections
    text = entry("b", docker={"mtu": 1500}).into(place.text)
    assert only_adds([place], text)
    assert text.startswith(INVENTORY)
    assert not only_adds([place], text.replace("192.0.2.2", "192.0.2.3"))
    assert not only_adds([place], text.replace("192.0.2.1", "192.0.2.3"))


def test_mirrors_are_written_only_where_others_would_be_filled_in(path: Path) -> None:
    def adopted(mirrors: list[str]) -> Tree:
        said: Tree = {"live-restore": True, "mtu": 1400, **({"registry-mirrors": [*mirrors]} if mirrors else {})}
        adopted_host = AdoptedHost(find_place(path, "a"), {ServiceName.DOCKER: Adopted(said)})
        return best_draft([adopted_host], {}, "").entries["a"].sections.get(ServiceName.DOCKER) or {}

    assert adopted(["http://192.0.2.2:5000/"]) == {}
    assert adopted([]) == {"registry-mirrors": []}
    assert adopted(["http://192.0.2.7:5000"]) == {"registry-mirrors": ["http://192.0.2.7:5000"]}


def test_hosts_that_would_use_the_new_cache_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yml"
    path.write_text("hosts:\n  a: {docker: {}}\n  b: {}\n")
    place = find_place(path, "b")
    section: Tree = {"caches": [{"listen": "192.0.2.2:5000"}]}
    text = entry("b", registry=section).into(place.text)
    assert [*other_hosts_using_cache(place, load(path, {path: text.encode()}), {"b"})] == ["a"]


def test_all_is_written_with_secrets_for_their_owner_alone(path: Path) -> None:
    (path.parent / ".env").write_text("OLD=1")
    (path.parent / ".env").chmod(0o644)
    (path.parent / ".gitignore").write_text("*.log")
    path.chmod(0o640)
    written = write(Files(path, b"new", {"A": "x y"}))
    assert [path.name for path in written] == [".gitignore", ".env", "inventory.yml"]
    assert (path.parent / ".env").read_text() == "OLD=1\nA='x y'\n"
    assert (path.parent / ".gitignore").read_text() == "*.log\n.env\n"
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o640)
    assert (path.parent / ".env").stat().st_mode & 0o777 == 0o600
    assert {file.name for file in path.parent.iterdir()} == {".env", ".gitignore", "inventory.yml"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("*.log\n.env\n", "*.log\n.env\n"),
        ("# .env is ours\n", "# .env is ours\n.env\n"),
        (".env\n!.env\n", ".env\n!.env\n.env\n"),
    ],
)
def test_git_ignores_the_secrets(before: str, after: str, path: Path) -> None:
    (path.parent / ".gitignore").write_text(before)
    write(Files(path, b"new", {"A": "x"}))
    assert (path.parent / ".gitignore").read_text() == after


def test_what_somebody_wrote_in_the_meantime_is_not_lost(path: Path) -> None:
    with pytest.raises(RunneropsError, match="in the meantime"):
        write(Files(path, b"new", {"A": "x"}, before=b"old"))
    assert path.read_text() == INVENTORY
    assert {file.name for file in path.parent.iterdir()} == {"inventory.yml"}
    template = path.parent / "templates/docker-compose.yml.j2"
    template.parent.mkdir()
    template.write_bytes(b"new\r\n")
    with pytest.raises(RunneropsError, match="in the meantime"):
        write(Files(path, b"new", {}, {template.name: "more"}, templates_before={template.name: b"old"}))
    assert (template.read_bytes(), path.read_text()) == (b"new\r\n", INVENTORY)


def test_without_secrets_there_is_no_env(path: Path) -> None:
    assert write(Files(path, b"new", {})) == (path,)


def test_nothing_is_written_if_one_file_cannot_be(path: Path) -> None:
    (path.parent / ".env").mkdir()
    with pytest.raises(RunneropsError, match="directory"):
        write(Files(path, b"new", {"A": "x"}))
    assert path.read_text() == INVENTORY
    assert {file.name for file in path.parent.iterdir()} == {".env", "inventory.yml"}


def test_null_removes_an_inherited_section_that_the_host_lacks(path: Path) -> None:
    adopted_host = AdoptedHost(find_place(path, parse_target("c=me@192.0.2.9")), {
        ServiceName.DOCKER: Adopted(notes=("no Docker Engine there",)), ServiceName.GITLAB_RUNNER: Adopted({"concurrent": 2}),
    })  # fmt: skip
    draft = best_draft([adopted_host], {}, "")
    assert "\n    docker: null\n" in draft.text
    assert any("null leaves it out" in note for note in draft.entries["c"].notes)
    assert draft.load().hosts[-1].sections == {ServiceName.GITLAB_RUNNER: {"concurrent": 2}}


@pytest.mark.parametrize("text", ["hosts:\n  a: {\n", "- a\nb: c\n", "# nothing\n...\n"])
def test_a_file_that_is_no_yaml_is_reported_before_a_host_is_asked(text: str, path: Path) -> None:
    path.write_text(text)
    with pytest.raises(InventoryError, match=r"inventory\.yml:\d"):
        find_places(path, [parse_target("root@h")])


def test_a_tab_before_a_value_stays() -> None:
    text = "hosts:\n  a:\t{docker: {}}\n"
    assert add_host(text, lambda indent, step: [f"{' ' * indent}b: {{}}"]) == f"{text}  b: {{}}\n"


def test_an_inventory_that_is_no_yaml_is_reported_with_its_line() -> None:
    with pytest.raises(RunneropsError, match="line 2 of the inventory"):
        add_host("hosts:\n  a:\t- {docker: {}}\n", lambda indent, step: [])


def test_a_file_that_is_no_text_is_reported_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yml"
    path.write_bytes(b"hosts:\n  a: {address: x}\n# \xff\n")
    for ask in (lambda: find_places(path, [parse_target("root@h")]), lambda: known_names(path)):
        with pytest.raises(InventoryError, match=r"inventory\.yml:3:3"):
            ask()
