from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runnerops import inventory
from runnerops.inventory.layers.merge import Merger
from runnerops.inventory.parse.nodes import Node
from runnerops.inventory.problems import Problems
from runnerops.model.common import Secret, ServiceName, SourceLocation, Value
from runnerops.model.inventory import Host
from tests.unit import inventory_texts as texts

LAYERS = """
defaults:
  docker: {{a: {defaults}}}
groups:
  g: {{docker: {{a: {group}}}}}
hosts:
  h: {{groups: [g], docker: {{a: {host}}}}}
"""

MERGED = [  # what defaults, group and host say, and what comes of it (None: the key is gone)
    ("1", "2", "3", 3),
    ("{x: 1, y: 1}", "{y: 2, z: 2}", "{z: 3}", {"x": 1, "y": 2, "z": 3}),
    ("{x: {y: 1}}", "{x: {z: 2}}", "{}", {"x": {"y": 1, "z": 2}}),
    ("[1, 2]", "[3]", "[4]", [4]),
    ("{x: 1}", "[3]", "{y: 1}", {"y": 1}),
    ("{x: 1, y: 1}", "{x: null}", "{}", {"y": 1}),
    ("{x: 1}", "null", "{y: 1}", {"y": 1}),
    ("1", "2", "null", None),
    ("{x: null}", "{}", "{}", {}),
    ("'1'", "{}", "true", True),
]


@pytest.mark.parametrize(("defaults", "group", "host", "value"), MERGED)
def test_layers_merge(tmp_path: Path, defaults: str, group: str, host: str, value: Value) -> None:
    this_host = texts.hosts(tmp_path, LAYERS.format(defaults=defaults, group=group, host=host))["h"]
    assert texts.docker(this_host) == ({} if value is None else {"a": value})


def runners(host: Host) -> Value:
    return host.sections[ServiceName.GITLAB_RUNNER]["runners"]


def test_runners_merge_by_name_and_keep_their_order(tmp_path: Path) -> None:
    hosts = texts.hosts(
        tmp_path,
        """
        defaults:
          gitlab_runner:
            runners:
              - {name: "{host}-a", url: u, docker: {image: x, volumes: [/cache]}}
              - {name: b, executor: shell, limit: 3}
        hosts:
          h-1:
            gitlab_runner:
              runners:
                - {name: c}
                - {name: b, limit: null}
                - {name: h-1-a, docker: {image: y}}
          h-2: {gitlab_runner: {concurrent: 2}}
          h-3: {gitlab_runner: {runners: null}}
        """,
    )
    assert runners(hosts["h-1"]) == [
        {"name": "h-1-a", "url": "u", "docker": {"image": "y", "volumes": ["/cache"]}},
        {"name": "b", "executor": "shell"},
        {"name": "c"},
    ]
    assert runners(hosts["h-2"]) == [
        {"name": "h-2-a", "url": "u", "docker": {"image": "x", "volumes": ["/cache"]}},
        {"name": "b", "executor": "shell", "limit": 3},
    ]
    assert hosts["h-3"].sections[ServiceName.GITLAB_RUNNER] == {}


def test_caches_merge_by_the_name_that_they_get(tmp_path: Path) -> None:
    host = texts.hosts(
        tmp_path,
        """
        defaults: {registry: {caches: [{ttl: 24h}, {upstream: "https://ghcr.io", listen: "192.0.2.1:5001"}]}}
        hosts:
          h: {registry: {caches: [{name: ghcr.io, ttl: 1h}, {name: dockerhub, listen: "192.0.2.1:5000"}]}}
        """,
    )["h"]
    assert [(cache["name"], cache["ttl"], cache["listen"]) for cache in texts.caches(host)] == [
        ("dockerhub", "24h", "192.0.2.1:5000"),
        ("ghcr.io", "1h", "192.0.2.1:5001"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "defaults: {gitlab_runner: {runners: [{name: a}, {name: a}]}}\nhosts: {h: , i: }",
        "hosts: {h: {gitlab_runner: {runners: [{name: '{host}'}, {name: h}]}}}",
        "hosts: {h: {registry: {caches: [{}, {upstream: 'https://mirror.example.com'}]}}}",
        "defaults: {registry: null}\nhosts: {h: {registry: {caches: [{}, {}]}}}",
    ],
)
def test_one_name_twice_is_reported_once_with_both_places(tmp_path: Path, text: str) -> None:
    message, hint = texts.refusal(tmp_path, text)
    assert "as the one at inventory.yml:" in message
    assert "\n" not in message
    assert hint.startswith("give it a name")


GROUPS = """
groups:
  base: {docker: {from: base, a: 1}}
  web: {groups: [base], docker: {from: web}}
  fast: {groups: [base], docker: {b: 2}}
  empty:
hosts:
  h: {groups: [web, fast]}
  i: {groups: [fast, web, empty]}
  j: {groups: [base, web]}
  k:
"""


def test_a_groups_own_parents_come_before_it_and_each_group_once(tmp_path: Path) -> None:
    loaded = texts.load(tmp_path, GROUPS)
    assert [host.groups for host in loaded.hosts] == [
        ("base", "web", "fast"), ("base", "fast", "web", "empty"), ("base", "web"), (),
    ]  # fmt: skip
    assert texts.docker(loaded.hosts[0]) == {"from": "web", "a": 1, "b": 2}
    assert dict(loaded.groups) == {"base": ("h", "i", "j"), "web": ("h", "i", "j"), "fast": ("h", "i"), "empty": ("i",)}


@pytest.mark.parametrize(
    ("text", "cycle"),
    [("a: {groups: [a]}", "a → a"),
     ("x: {groups: [a]}, a: {groups: [b]}, b: {groups: [c]}, c: {groups: [a]}", "a → b → c → a")],
)  # fmt: skip
def test_a_cycle_of_groups_is_named(tmp_path: Path, text: str, cycle: str) -> None:
    message, hint = texts.refusal(tmp_path, f"groups: {{{text}}}\nhosts: {{h: }}")
    assert message.endswith(f": groups.a: the group is inside of itself: {cycle}")
    assert hint


def test_the_hosts_name_stands_in_secrets_as_each_kind_takes_it(tmp_path: Path) -> None:
    host = texts.hosts(
        tmp_path,
        """
        defaults:
          gitlab_runner:
            runners:
              - name: "{host}"
                token: !env "{host}_TOKEN"
                a: !file "x/{host}"
                b: !command "show {host}"
                c: !command "sh -c 'show ${host}'"
        hosts: {ci-1.example.com: }
        """,
    )["ci-1.example.com"]
    named = runners(host)
    assert isinstance(named, list)
    [runner] = named
    assert isinstance(runner, dict)
    assert runner["name"] == "ci-1.example.com"
    secrets = [runner[key] for key in ("token", "a", "b", "c")]
    assert [secret.argument for secret in secrets if isinstance(secret, Secret)] == [
        "CI_1_EXAMPLE_COM_TOKEN", "x/ci-1.example.com", "show ci-1.example.com", "sh -c 'show ${host}'",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("'{host}'", "web-1"),
        ("'/srv/{host}/builds/{host}'", "/srv/web-1/builds/web-1"),
        ("'x{host}y'", "xweb-1y"),
        ("'${host} {host}'", "${host} web-1"),  # a shell's
        ("'{{host}} {{ .Host }}'", "{{host}} {{ .Host }}"),  # a template's
        ("'{Host} {hosts} { host }'", "{Host} {hosts} { host }"),
        (r"'\1{host}'", r"\1web-1"),
        ("['{host}', 1, true]", ["web-1", 1, True]),
        ("{a: {b: '{host}'}, '{host}': x}", {"a": {"b": "web-1"}, "{host}": "x"}),
    ],
)
def test_the_hosts_name_stands_in_every_value_and_in_no_key(tmp_path: Path, written: str, found: object) -> None:
    inventory = texts.hosts(
        tmp_path, f"defaults: {{docker: {{x: {written}}}, vars: {{x: {written}}}}}\nhosts: {{web-1: , other: }}"
    )
    assert (texts.docker(inventory["web-1"])["x"], inventory["web-1"].vars["x"]) == (found, found)
    assert texts.docker(inventory["other"])["x"] != found or "host" in str(found)


def test_a_name_that_makes_a_bad_value_is_refused_with_its_place(tmp_path: Path) -> None:
    text = """
        defaults:
          registry: {caches: [{upstream: "https://registry-1.docker.io", volume: "{host}"}]}
        hosts: {web-1: , a: }
        """
    message, _ = texts.refusal(tmp_path, text)
    (line,) = message.splitlines()
    assert ":3:" in line
    assert "hosts.a.registry.caches[0].volume: 'a' is not a name of a Docker volume" in line


def test_the_hosts_name_stands_in_what_is_ours_too(tmp_path: Path) -> None:
    host = texts.hosts(
        tmp_path,
        """
        defaults:
          ssh: {user: "u-{host}", key: "~/keys/{host}"}
          registry:
            caches:
              - {name: "{host}", serves: quay.io, upstream: "https://{host}.example.com", environment: {A: "{host}"}}
          gitlab_runner:
            runners:
              - {name: one, was: "old-{host}", builds_dir: "/srv/{host}", environment: ["A={host}"], docker: {image: "{host}"}}
        hosts:
          web-1:
            address: "{host}.corp.example"
            registry: {caches: [{name: web-1, ttl: 24h}]}
        """,
    )["web-1"]
    assert (host.address, host.ssh.user, host.ssh.key) == ("web-1.corp.example", "u-web-1", "~/keys/web-1")
    (cache,) = host.caches
    assert (cache.name, cache.upstream) == ("web-1", "https://web-1.example.com")
    assert host.renamed == {"one": "old-web-1"}
    named = runners(host)
    assert named == [
        {"name": "one", "builds_dir": "/srv/web-1", "environment": ["A=web-1"], "docker": {"image": "web-1"}}
    ]


def test_a_token_to_keep_is_a_token_left_out(tmp_path: Path) -> None:
    hosts = texts.hosts(
        tmp_path, "hosts: {h: {gitlab_runner: {runners: [{name: a, token: keep}, {name: b, token: ''}]}}}"
    )
    assert runners(hosts["h"]) == [{"name": "a"}, {"name": "b", "token": ""}]


def test_values_keep_their_order_their_types_and_their_places(tmp_path: Path) -> None:
    host = texts.hosts(
        tmp_path,
        """
        defaults:
          docker: {z: "10", y: 10}
        hosts:
          h:
            docker:
              a: 2024-01-01
              x: [1.5, {b: true}]
        """,
    )["h"]
    assert list(texts.docker(host).items()) == [("z", "10"), ("y", 10), ("a", "2024-01-01"), ("x", [1.5, {"b": True}])]
    places = {key: (location.line, location.column) for key, location in host.locations.items()}
    assert places["docker", "z"] == (3, 12)
    assert places["docker", "x", 1, "b"] == (8, 17)
    assert places["docker",] == (6, 5)
    assert str(host.location(ServiceName.DOCKER, ("x", 0, "deeper"))).endswith("inventory.yml:8:11")


@pytest.mark.parametrize("section", ["{}", "null"])
def test_an_empty_section_counts_and_a_null_one_does_not(tmp_path: Path, section: str) -> None:
    hosts = texts.hosts(
        tmp_path, f"defaults: {{docker: {{a: 1}}}}\nhosts: {{h: {{docker: {section}, gitlab_runner: {{}}}}}}"
    )
    assert [name.value for name in hosts["h"].sections] == ["docker", "gitlab_runner"][section == "null" :]


SCALAR = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from("xy"))
TREE = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(SCALAR, lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
)


def as_node(value: Value) -> Node:
    inner = {name: as_node(item) for name, item in value.items()} if isinstance(value, dict) else value
    assert not isinstance(inner, list) and not hasattr(inner, "isoformat")  # noqa: PT018
    return Node(SourceLocation("f", 1, 1), inner)


def as_value(node: Node) -> Value:
    value = node.value
    assert not isinstance(value, tuple)
    return {name: as_value(item) for name, item in value.items()} if isinstance(value, dict) else value


def fold(*layers: dict[str, Value]) -> Value:
    return as_value(Merger({}, Problems()).fold(map(as_node, layers)))


@given(TREE, TREE, TREE)
def test_merging_layers_one_by_one_or_two_at_a_time_is_the_same(
    first: dict[str, Value], second: dict[str, Value], third: dict[str, Value]
) -> None:
    whole = fold(first, second, third)
    assert fold(fold(first, second), third) == whole  # type: ignore[arg-type]
    assert fold(first, first) == first
    assert fold(first, {}) == fold({}, first) == first


def test_the_shipped_example_loads_and_shows_what_it_says() -> None:
    hosts = {host.name: host for host in inventory.load(Path(__file__).parents[2] / "inventory.yml").hosts}
    assert texts.docker(hosts["runner-1"])["registry-mirrors"] == ["http://192.0.2.10:5000"]
    assert texts.docker(hosts["runner-3"])["registry-mirrors"] == ["http://172.17.0.1:5000"]
    assert texts.docker(hosts["runner-2"])["log-opts"] == {"max-size": "50m", "max-file": "3"}
    assert hosts["runner-2"].sections[ServiceName.GITLAB_RUNNER]["concurrent"] == 32
