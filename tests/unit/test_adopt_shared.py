"""Several adopted hosts: what they share is written once, and each host has the same values as if it were adopted
alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runnerops.adopt.draft import best_draft, draft_of, make_draft, would_share_keys
from runnerops.adopt.finding import find_places
from runnerops.adopt.insert import add_defaults, add_group
from runnerops.adopt.layers import beside, common, merged, moved, same
from runnerops.adopt.place import AdoptedHost
from runnerops.adopt.shared import share
from runnerops.adopt.target import login_of, parse_target
from runnerops.errors import UsageError
from runnerops.inventory import load
from runnerops.model.common import Key, ServiceName, Tree
from runnerops.model.host_state import HostState
from runnerops.planning.reconcile import reconcile
from runnerops.report.adopted import show_notes, unchanged_line
from runnerops.report.screen import Screen
from runnerops.secrets import Resolver
from runnerops.services import SERVICES
from runnerops.services.base import Adopted
from tests.unit.adopt_builders import TREES, blocks, docker, observed
from tests.unit.plan_builders import CONFIG
from tests.unit.services.builders import render_all

NAMES = st.sampled_from(["a", "b", "big", "{host}", "on {host}"])
ENTRIES = st.lists(
    st.fixed_dictionaries({"name": NAMES}, optional={"limit": st.integers(1, 2), "docker": TREES, "on": st.booleans()}),
    max_size=3,
    unique_by=lambda runner_table: runner_table["name"],
)
SECTIONS = st.builds(lambda tree, runners: {**tree, "runners": runners}, TREES, ENTRIES)
URL = "https://gitlab.example.com"


def plain(tree: object, variables: Mapping[str, str]) -> str:
    """With the values of what was taken for a secret."""
    return json.dumps(tree, sort_keys=True, default=lambda secret: variables[secret.argument])


@given(base=SECTIONS, more=st.lists(SECTIONS, min_size=2, max_size=3))
def test_what_is_common_and_what_differs_merge_to_each_hosts_own(base: Tree, more: list[Tree]) -> None:
    """`common` of trees that have much in common, and `beside` of each."""
    trees = [merged(base, one) for one in more]
    alike = common(trees)
    for tree in trees:
        again = merged(alike, beside(alike, tree))
        assert sorted(again) == sorted(tree)
        assert same(again, tree)


def test_everything_that_hosts_share_is_found() -> None:
    one: Tree = {"a": 1, "b": {"x": 1, "y": 2}, "runners": [{"name": "r", "limit": 1, "on": True}], "c": []}
    other: Tree = {"a": 1, "b": {"x": 1, "y": 3}, "runners": [{"name": "r", "limit": 2, "on": True}], "c": True}
    assert common([one, other]) == {"a": 1, "b": {"x": 1}, "runners": [{"name": "r", "on": True}]}
    in_gitlab: Tree = {"runners": [{"name": "r", "limit": 1, "gitlab": {"paused": True}}]}
    assert beside(in_gitlab, {"runners": [{"name": "r", "limit": 2}]}) == {"runners": [{"name": "r", "limit": 2}]}
    assert beside(common([one, other]), other) == {"b": {"y": 3}, "runners": [{"name": "r", "limit": 2}], "c": True}


@pytest.mark.parametrize(
    ("key", "place"),
    [
        (("runners", 1), ("runners", 0)),
        (("runners", 1, "x"), ("runners", 0, "x")),
        (("runners", 0), None),
        (("l", 1), ("l", 1)),
    ],
)
def test_where_a_key_is_after_shared_values_were_taken_out(key: Key, place: Key | None) -> None:
    before: Tree = {"runners": [{"name": "a"}, {"name": "b", "x": 1}], "l": [1, 2]}
    assert moved(key, before, {"runners": [{"name": "b", "x": 1}], "l": [1, 2]}) == place


# ------------------------------------------------------------------------------------------------------------ drafts


def hosts_with(folder: Path, hosts: dict[str, dict[str, Adopted]], group: str = "") -> list[AdoptedHost]:
    logins = [parse_target(f"{name}=root@192.0.2.{number}") for number, name in enumerate(hosts, 1)]
    places = find_places(folder / "inventory.yml", logins, group)
    return [
        AdoptedHost(place, {ServiceName(service): section for service, section in adopted.items()})
        for place, adopted in zip(places, hosts.values(), strict=True)
    ]


def test_what_is_true_of_several_hosts_is_said_once_in_their_order(tmp_path: Path) -> None:
    notes = {"ci-1": ("a", "b"), "ci-2": ("b",), "ci-3": ("b",), "big": ("c",)}
    hosts = hosts_with(tmp_path, {name: {"docker": Adopted(notes=own)} for name, own in notes.items()})
    screen = Screen(out=StringIO(), err=(err := StringIO()))
    show_notes(hosts, None, screen, alone=False, write=False)
    assert err.getvalue().splitlines() == [
        "ci-1: note: a",
        "ci-[1:3]: note: b",
        "ci-[1:3], big: nothing on it can be managed",
        "big: note: c",
    ]
    assert unchanged_line(["ci-1", "ci-2", "ci-3", "big"]) == "ci-[1:3], big: a deploy of these changes nothing"
    assert unchanged_line(["big"]) == "big: a deploy of this changes nothing"


def runner(name: str, **more: object) -> Tree:
    docker_keys: Tree = {"image": "alpine:3", "privileged": True}
    return {"name": name, "url": URL, "token": "keep", "executor": "docker", "docker": docker_keys, **more}  # type: ignore[dict-item]


def made_by_hand(name: str, size: int, password: str) -> dict[str, Adopted]:
    docker_section: Tree = {"live-restore": True, "proxies": {"http-proxy": f"http://u:{password}@p:1"}, "mtu": size}
    runners: Tree = {"concurrent": 4, "runners": [runner(f"{name}-docker", limit=size), runner("own " + name * 2)]}
    comments: dict[Key, tuple[str, ...]] = {("runners", 0): ("the big one",), ("runners", 0, "limit"): (f"of {name}",)}
    return {
        "docker": Adopted(docker_section, {("live-restore",): ("for upgrades",)}),
        "gitlab_runner": Adopted(runners, comments),
    }


def test_similar_hosts_are_written_as_a_person_would(tmp_path: Path) -> None:
    hosts = {name: made_by_hand(name, 1400 + number, "canary") for number, name in enumerate(("ci-1", "ci-2"))}
    draft = best_draft(hosts_with(tmp_path, hosts), {}, "")
    assert (
        draft.text
        == """defaults:
  docker:
    # for upgrades
    live-restore: true
    proxies: {http-proxy: !env SHARED_PROXIES_HTTP_PROXY}
  gitlab_runner:
    concurrent: 4
    runners:
      # the big one
      - name: "{host}-docker"
        url: https://gitlab.example.com
        token: keep
        executor: docker
        docker:
          image: alpine:3
          privileged: true

hosts:
  ci-1:
    address: 192.0.2.1
    ssh: {user: root}
    docker:
      mtu: 1400
    gitlab_runner:
      runners:
        - name: ci-1-docker
          # of ci-1
          limit: 1400
        - name: own ci-1ci-1
          url: https://gitlab.example.com
          token: keep
          executor: docker
          docker:
            image: alpine:3
            privileged: true
  ci-2:
    address: 192.0.2.2
    ssh: {user: root}
    docker:
      mtu: 1401
    gitlab_runner:
      runners:
        - name: ci-2-docker
          # of ci-2
          limit: 1401
        - name: own ci-2ci-2
          url: https://gitlab.example.com
          token: keep
          executor: docker
          docker:
            image: alpine:3
            privileged: true
"""
    )
    assert draft.variables == {"SHARED_PROXIES_HTTP_PROXY": "http://u:canary@p:1"}


def test_secrets_that_differ_stay_apart(tmp_path: Path) -> None:
    hosts = {name: made_by_hand(name, 1400, f"canary-{name}") for name in ("a", "b")}
    draft = best_draft(hosts_with(tmp_path, hosts), {}, "")
    assert draft.layer
    assert dict(draft.variables) == {
        "A_PROXIES_HTTP_PROXY": "http://u:canary-a@p:1", "B_PROXIES_HTTP_PROXY": "http://u:canary-b@p:1",
    }  # fmt: skip


FULL = st.fixed_dictionaries({"docker": TREES, "gitlab_runner": SECTIONS})
LEAN = st.fixed_dictionaries({}, optional={"docker": TREES, "gitlab_runner": SECTIONS})


@given(
    base=st.fixed_dictionaries({"docker": TREES, "gitlab_runner": SECTIONS}),
    more=st.lists(LEAN, min_size=2, max_size=3),
)
@example(base={"docker": {}, "gitlab_runner": {"runners": []}}, more=[{"docker": {"a": "b\n\n\n"}}, {}])
@example(base={"docker": {}, "gitlab_runner": {"a": "b\n\n", "runners": [{"name": "a"}]}}, more=[{}, {}])
def test_shared_defaults_change_no_hosts_values(
    tmp_path_factory: pytest.TempPathFactory, base: Tree, more: list[Tree]
) -> None:
    """Through the inventory's own merge, also with `{host}` in a runner's name."""
    folder = tmp_path_factory.getbasetemp()
    hosts = {}
    for name, one in zip(("a", "b", "c"), more, strict=False):
        sections = merged(base, one)
        hosts[name] = {service: Adopted(section) for service, section in sections.items() if isinstance(section, dict)}
    each = hosts_with(folder, hosts, "ci")
    layer = share({adopted_host.name: adopted_host.adopted for adopted_host in each}, "ci", {})
    if layer is None:
        return
    alone, together = make_draft(each, {}), make_draft(each, {}, layer)
    path = folder / "inventory.yml"
    try:
        loaded = load(path, {path: alone.content})
    except Exception:  # a key that no inventory takes
        return
    again = load(path, {path: together.content})
    for alike, other in zip(loaded.hosts, again.hosts, strict=True):
        assert plain(alike.sections, alone.variables) == plain(other.sections, together.variables)
        assert other.groups == ("ci",)


def test_an_inventory_with_hosts_shares_in_a_group_alone(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yml"
    path.write_text("groups:\n  old: {}\nhosts:\n  z: {docker: {debug: true}}\n")
    hosts = {name: made_by_hand(name, 1400, "x") for name in ("a", "b")}
    each = hosts_with(tmp_path, hosts)
    alone = best_draft(each, {}, "")
    assert alone.layer is None
    assert would_share_keys(each, {}, alone)
    draft = best_draft(hosts_with(tmp_path, hosts, "ci"), {}, "ci")
    assert "groups:\n  old: {}\n  ci:\n    docker:" in draft.text
    assert "    groups: [ci]\n" in draft.text
    assert not would_share_keys(each, {}, draft)
    (z, *_) = draft.load().hosts
    assert z.sections == {ServiceName.DOCKER: {"debug": True}}


def test_a_host_joins_a_new_group_even_if_there_is_nothing_to_share(tmp_path: Path) -> None:
    for names, mtus in ((["a"], [1400]), (["a", "b"], [1400, 1500])):
        sections = {
            name: {"docker": Adopted({"mtu": mtu, "debug": mtu == 1400})} for name, mtu in zip(names, mtus, strict=True)
        }
        draft = best_draft(hosts_with(tmp_path, sections, "ci"), {}, "ci")
        assert draft.text.startswith("groups:\n  ci: {}\n\nhosts:\n")
        assert draft.load().groups["ci"] == tuple(names)


def test_a_host_joins_a_group_and_says_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yml"
    path.write_text("""groups:
  site: {ssh: {port: 2222}, docker: {debug: true}}
  ci:
    groups: [site]
    docker: {live-restore: true, mtu: 1400, proxies: {http-proxy: !env PROXY}}
    gitlab_runner: {concurrent: 8, runners: [{name: "{host}-docker", limit: 2}, {name: spare}]}
hosts: {}
""")
    (adopted_host,) = hosts_with(tmp_path, {"ci-9": made_by_hand("ci-9", 1500, "p")}, "ci")
    assert (adopted_host.place.host.ssh.user, adopted_host.place.host.ssh.port) == (
        "root",
        2222,
    )  # as a deploy will reach it
    draft = best_draft([adopted_host], {"PROXY": "http://u:p@p:1"}, "ci")
    assert draft.variables == {}
    assert (
        draft.text.partition("hosts:")[2]
        == """
  ci-9:
    address: 192.0.2.1
    ssh: {user: root}
    groups: [ci]
    docker:
      mtu: 1500
      debug: null
    gitlab_runner:
      concurrent: 4
      runners:
        # the big one
        - name: ci-9-docker
          url: https://gitlab.example.com
          token: keep
          executor: docker
          docker:
            image: alpine:3
            privileged: true
          # of ci-9
          limit: 1500
        - name: own ci-9ci-9
          url: https://gitlab.example.com
          token: keep
          executor: docker
          docker:
            image: alpine:3
            privileged: true
"""
    )
    assert draft.entries["ci-9"].notes == ("gitlab_runner: spare is inherited, but not on the host: a deploy adds it",)
    assert draft.load().groups["ci"] == ("ci-9",)


@given(base=FULL, one=LEAN)
def test_a_group_changes_no_hosts_values(tmp_path_factory: pytest.TempPathFactory, base: Tree, one: Tree) -> None:
    """Apart from runners of the group that it has not got, which no host can take away."""
    path = tmp_path_factory.mktemp("joined") / "inventory.yml"
    group = {"docker": base["docker"], "gitlab_runner": {**base["gitlab_runner"], "runners": []}}  # type: ignore[dict-item]
    path.write_text(json.dumps({"groups": {"ci": group}, "hosts": {"z": {"docker": {}}}}))
    adopted = {service: Adopted(section) for service, section in merged(base, one).items() if isinstance(section, dict)}
    try:
        alone = best_draft(hosts_with(path.parent, {"a": adopted}), {}, "")
        loaded = alone.load()
    except Exception:  # a key that no inventory takes
        return
    together = best_draft(hosts_with(path.parent, {"a": adopted}, "ci"), {}, "ci")
    mine, joined = (next(host for host in one.hosts if host.name == "a") for one in (loaded, together.load()))
    assert joined.groups == ("ci",)
    assert plain(mine.sections, alone.variables) == plain(joined.sections, together.variables)


@pytest.mark.parametrize(
    ("words", "group"),
    [
        (["root@h", "me@h"], ""), (["a=root@h", "a=root@i"], ""), (["z", "root@h"], "ci"), (["z"], "old"), (["root@h"], "z"),
        (["ci=root@h"], "ci"), (["root@h"], "a b"),
    ],
)  # fmt: skip
def test_one_host_twice_and_an_existing_group_are_usage(words: list[str], group: str, tmp_path: Path) -> None:
    path = tmp_path / "inventory.yml"
    path.write_text("groups:\n  old: {}\nhosts:\n  z: {docker: {debug: true}}\n")
    with pytest.raises(UsageError):
        find_places(path, [parse_target(word) for word in words], group)


@pytest.mark.parametrize("word", ["me@[2001:db8::1]:22", "me@h.example", "me@h:2222"])
def test_a_login_is_reported_as_it_was_given(word: str) -> None:
    host = parse_target(f"n={word}")
    assert not isinstance(host, str)
    assert (host.name, login_of(host)) == ("n", word)


@pytest.mark.parametrize(
    "text", ["", "# ours\n", "# ours\n\nhosts:\n", "hosts: # none yet\n", "groups: {old: {}}\nhosts:\n"]
)
def test_into_an_inventory_without_hosts_goes_what_they_share_as_defaults(tmp_path: Path, text: str) -> None:
    """Also into the one that `init` has just written."""
    (tmp_path / "inventory.yml").write_text(text)
    sections = {"docker": Adopted({"live-restore": True, "mtu": 1400})}
    drafted = draft_of(hosts_with(tmp_path, {"a": sections, "b": sections}), {}, "")
    assert not drafted.refused
    assert drafted.draft is not None
    assert drafted.draft.content.decode().count("live-restore: true") == 1
    assert "defaults:\n  docker:\n" in drafted.draft.content.decode()


def test_layers_stand_before_the_hosts() -> None:
    assert (
        add_defaults("# top\r\n\r\nhosts:\r\n", lambda _, step: ["defaults: {}"])
        == "# top\r\n\r\ndefaults: {}\r\n\r\nhosts:\r\n"
    )
    assert add_group("hosts:\n  a: {}\n", docker) == "groups:\n  new:\n    docker: {}\n\nhosts:\n  a: {}\n"
    assert add_group("hosts:\n  a: {}\ngroups:\n", docker) == "hosts:\n  a: {}\ngroups:\n  new:\n    docker: {}\n"


def test_runners_named_after_their_hosts_are_written_once(tmp_path: Path) -> None:
    """As `gitlab-runner register` names them, and a hand-written one without a name; each host's file stays as it is."""
    states: dict[str, HostState] = {}
    adopted_hosts: list[AdoptedHost] = []
    for number, name in enumerate(("ci-1", "ci-2"), 1):
        runners = [{"name": name, "id": number}, {"name": name, "id": number + 10, "limit": 2}, {}]
        tokens = [f"glrt-{letter * 10}{name}" for letter in "abc"]
        states[name] = observed(
            None, blocks(*(runner_table | {"token": t} for runner_table, t in zip(runners, tokens, strict=True)))
        )
        (place,) = find_places(tmp_path / "inventory.yml", [parse_target(f"{name}=root@192.0.2.{number}")])
        adopted_hosts.append(
            AdoptedHost(place, {service.NAME: service.adopt(states[name], {}) for service in SERVICES})
        )
    draft = best_draft(adopted_hosts, {}, "ci")
    shared = (draft.layer.text if draft.layer else "").splitlines()
    assert [line.strip(" -") for line in shared if "name:" in line or "called:" in line] == [
        'name: "{host}"', 'name: "{host}-2"', 'called: "{host}"', "name: unnamed-3", 'called: ""',
    ]  # fmt: skip
    for host in draft.load().hosts:
        rendered = render_all(host, Resolver({}, tmp_path))
        ((file,), blockers) = reconcile(host, rendered, states[host.name])
        assert (file.content, blockers) == (states[host.name].file(CONFIG).content, ())


def test_a_refused_entry_excludes_no_other_host(tmp_path: Path) -> None:
    """Whichever of them, and however many."""
    broken: dict[str, Adopted] = {"gitlab_runner": Adopted({"concurrent": 1, "runners": [runner("a"), runner("a")]})}
    names = [f"ci-{number}" for number in range(7)]
    hosts = {name: made_by_hand(name, 1400, "canary") for name in names}
    hosts |= {"ci-2": broken, "ci-5": broken}
    drafted = draft_of(hosts_with(tmp_path, hosts), {}, "")
    assert sorted(drafted.refused) == sorted(drafted.by_hand) == ["ci-2", "ci-5"]
    assert drafted.by_hand["ci-2"].lines(0, 2)[0] == "ci-2:"
    assert all("has the name 'a'" in error.problems[0][1] and error.hint for error in drafted.refused.values())
    assert drafted.draft
    assert drafted.loaded
    taken = [name for name in names if name not in drafted.refused]
    assert [host.name for host in drafted.loaded.hosts] == [*drafted.draft.entries] == taken
    alone = draft_of(hosts_with(tmp_path, {"ci-2": broken}), {}, "")
    assert (alone.draft, alone.loaded, [*alone.refused]) == (None, None, ["ci-2"])
