"""The entry of the inventory that `adopt` makes of a host: a deploy of it changes nothing, and YAML and comments are
kept.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runnerops.adopt.entry import Entry
from runnerops.adopt.insert import add_host, add_sections
from runnerops.adopt.layers import beside
from runnerops.adopt.scalars import scalar
from runnerops.adopt.yaml_text import Writer
from runnerops.errors import RunneropsError
from runnerops.inventory import load
from runnerops.inventory.parse.nodes import Node, parse
from runnerops.inventory.problems import Problems
from runnerops.inventory.values.scalars import Verbatim
from runnerops.model.common import ServiceName, Tree, Value
from runnerops.model.host_state import HostState
from runnerops.parsing.comments import lines_left_over
from runnerops.parsing.places import places_in
from runnerops.planning.reconcile import reconcile
from runnerops.render import shipped_templates
from runnerops.secrets import Resolver
from runnerops.secrets.dotenv import as_read, can_hold, line_of, read_dotenv
from runnerops.services.gitlab_runner.format import runners_of
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from tests.unit.adopt_builders import EXECUTORS, LEAVES, TEXTS, TREES, blocks, docker, entry_of, observed
from tests.unit.plan_builders import CONFIG
from tests.unit.services.builders import DAEMON, engine, json_bytes, render_all
from tests.unit.strategies import CONFIGS, DAEMONS


def values(node: Node) -> object:
    if isinstance(node.value, dict):
        return {name: values(item) for name, item in node.value.items()}
    if isinstance(node.value, tuple):
        return [values(item) for item in node.value]
    return node.value


def read(text: str) -> object:
    return values(parse(text, "inventory.yml", Problems()))


# ------------------------------------------------------------------------------------------------------------- YAML


@given(tree=TREES, indent=st.integers(0, 6), step=st.integers(1, 4))
def test_an_entry_is_read_as_it_was_written(tree: Tree, indent: int, step: int) -> None:
    lines = list(Writer(step, {}).lines({"x": tree}, indent))
    text = "\n".join([" " * (indent - 1) + "top:" if indent else "", *lines, ""]) if indent else "\n".join([*lines, ""])
    value = read(text)
    assert (value["top"] if indent else value) == {"x": tree}  # type: ignore[index]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("alpine:3", "alpine:3"),
        ("10m", "10m"),
        ("3", '"3"'),
        ("yes", '"yes"'),
        ("0600", '"0600"'),
        ("a: b", '"a: b"'),
        ("https://gitlab.example.com/", "https://gitlab.example.com/"),
        ("!x", '"!x"'),
        (True, "true"),
        (3, "3"),
        (0.1, "0.1"),
        (Verbatim("{host}"), '!raw "{host}"'),
    ],
)
def test_only_what_needs_quotes_has_them(value: Value, text: str) -> None:
    assert scalar(value) == text


def test_a_comment_stands_above_its_key() -> None:
    tree: Tree = {"h": {"docker": {"a": 1, "b": [{"x": "one\ntwo\n"}]}}}
    comments = {("h", "docker", "a"): ("why",), ("h", "docker", "b", 0): ("first",)}
    assert list(Writer(2, comments).lines(tree)) == [
        "h:", "  docker:", "    # why", "    a: 1", "    b:", "      # first", "      - x: |", "          one", "          two",
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------------- insertion


def section(indent: int, step: int) -> list[str]:
    return [f"{' ' * indent}docker:", f"{' ' * (indent + step)}a: 1"]


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("", "hosts:\n  new:\n    docker: {}\n"),
        ("hosts:\n", "hosts:\n  new:\n    docker: {}\n"),
        ("hosts: {}  # none yet\n", "hosts:  # none yet\n  new:\n    docker: {}\n"),
        ("hosts:\n  a: {address: x}", "hosts:\n  a: {address: x}\n  new:\n    docker: {}\n"),
        (
            "hosts:\r\n    a: # one\r\n        address: x # y\r\n# end\r\ngroups: {}\r\n",
            "hosts:\r\n    a: # one\r\n        address: x # y\r\n    new:\r\n        docker: {}\r\n# end\r\ngroups: {}\r\n",
        ),
        (
            "hosts:\n  a:\n    vars: {t: |\n      x\n  b:\n",
            None,
        ),
        ("hosts: {a: {}}\n", None),
    ],
)
def test_a_host_is_put_at_the_end(text: str, then: str | None) -> None:
    if then is None:
        with pytest.raises(Exception, match=r"."):
            add_host(text, docker)
    else:
        assert add_host(text, docker) == then


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("hosts:\n  h:\n  b:\n", "hosts:\n  h:\n    docker:\n      a: 1\n  b:\n"),
        ("hosts:\n  h: {}\n", "hosts:\n  h:\n    docker:\n      a: 1\n"),
        (
            "hosts:\n  h: {address: x, ssh: {user: root}} # y\n",
            "hosts:\n  h: # y\n    address: x\n    ssh: {user: root}\n    docker:\n      a: 1\n",
        ),
        (
            "hosts:\n   h:\n      address: x\n\n   # of b\n   b: {}\n",
            "hosts:\n   h:\n      address: x\n      docker:\n         a: 1\n\n   # of b\n   b: {}\n",
        ),
    ],
)
def test_sections_are_put_at_the_end_of_a_host(text: str, then: str) -> None:
    assert add_sections(text, "h", section) == then


def test_braces_over_several_lines_are_refused() -> None:
    with pytest.raises(RunneropsError, match="nothing was written"):
        add_sections("hosts:\n  h: {address: x,\n    ssh: {user: root}}\n", "h", section)


@given(inherited=TREES, wanted=TREES)
def test_an_entry_over_inherited_values_gives_the_wanted_section(inherited: Tree, wanted: Tree) -> None:
    def merged(base: Value, top: Tree) -> Tree:
        below = dict(base) if isinstance(base, dict) else {}
        for name, value in top.items():
            below[name] = (
                merged(below.get(name), value)
                if isinstance(value, dict) and isinstance(below.get(name), dict)
                else value
            )
        return {name: value for name, value in below.items() if value is not None}

    assert json.dumps(merged(inherited, beside(inherited, wanted)), sort_keys=True) == json.dumps(
        wanted, sort_keys=True
    )


# --------------------------------------------------------------------------------------------------------- secrets


@given(
    value=st.text(min_size=1, max_size=20)
    | st.sampled_from(["a\n", "a\r", "a\r\n", "it's", 'a"b', "a\\n", "$x", "a # b"])
)
def test_a_line_of_env_brings_its_value_back(value: str) -> None:
    if can_hold(value):
        line = line_of("N", value)
        assert read_dotenv(f"A=1\n{line}\nB=2\n", ".env").keys() == {"A", "N", "B"}
        text = read_dotenv(line, ".env")["N"]
        assert text.removesuffix("\n").removesuffix("\r") == value


def test_secrets_are_moved_into_variables_of_their_own() -> None:
    config = {
        "concurrent": 1,
        "runners": [
            {"name": "a", "url": "https://g", "token": "glrt-aaaaaaaaaaaaaaaaaaaa", "executor": "shell",
             "environment": ["CI_TOKEN=canary-1", "DEPTH=1"], "cache": {"s3": {"SecretKey": "canary-2"}}},
            {"name": "b", "url": "https://g", "token": "glrt-bbbbbbbbbbbbbbbbbbbb", "executor": "shell",
             "cache": {"s3": {"SecretKey": "canary-2"}}},
        ],
    }  # fmt: skip
    toml = b"# canary-2 was the old one\n" + to_toml(config).encode().replace(
        b"concurrent", b"# token = glrt-aaaaaaaaaaaaaaaaaaaa\n# how many\nconcurrent"
    )
    entry = entry_of(observed(json_bytes({"proxies": {"http-proxy": "http://u:canary-3@p:1"}}), toml))
    text = entry.into("")
    assert "canary" not in text
    assert "glrt-" not in text
    assert text.count("token: keep") == 2
    assert "# how many" in text
    assert dict(entry.variables) == {
        "H_PROXIES_HTTP_PROXY": "http://u:canary-3@p:1",
        "H_CI_TOKEN": "CI_TOKEN=canary-1",
        "H_CACHE_S3_SECRET_KEY": "canary-2",
    }


def test_a_variable_that_has_another_value_is_not_taken() -> None:
    state = observed(json_bytes({"proxies": {"http-proxy": "http://u:p@h:1"}}), None)
    assert [*entry_of(state, taken={"H_PROXIES_HTTP_PROXY": "x"}).variables] == ["H_PROXIES_HTTP_PROXY_2"]
    assert [*entry_of(state, taken={"H_PROXIES_HTTP_PROXY": "http://u:p@h:1"}).variables] == ["H_PROXIES_HTTP_PROXY"]


# ------------------------------------------------------------------------------------------------------------- law


def back(state: HostState) -> tuple[dict[str, bytes | None], Entry, list[str]]:
    """What a host that was adopted should have, by the paths of its files."""
    entry = entry_of(state)
    loaded = load(Path("i.yml"), {Path("i.yml"): entry.into("").encode()})
    (host,) = loaded.hosts
    rendered = render_all(host, Resolver(as_read(entry.variables), Path("none")))
    desired, blockers = reconcile(host, rendered, state)
    return {file.spec.path: file.content for file in desired}, entry, [blocker.code for blocker in blockers]


ODD = st.dictionaries(TEXTS.filter(lambda text: text not in {"keep", "on_change"}), LEAVES, max_size=2)


@given(tree=DAEMONS, odd=ODD)
def test_a_daemon_json_that_was_adopted_stays_as_it_is(tree: Tree, odd: dict[str, Any]) -> None:
    """Whatever stands in the file; the daemon has it loaded."""
    content = json_bytes({**tree, "log-opts": odd})
    mirrors = [str(url) for url in tree.get("registry-mirrors") or []]  # type: ignore[union-attr]
    docker_facts = engine(mirrors=tuple(url.rstrip("/") for url in mirrors), live=tree.get("live-restore") is True)
    desired, _, _ = back(observed(content, None, docker_facts))
    assert desired == {DAEMON: content}


@given(tree=CONFIGS, scripts=TEXTS, variables=st.lists(TEXTS, max_size=2))
def test_a_config_toml_that_was_adopted_stays_as_it_is(tree: Tree, scripts: str, variables: list[str]) -> None:
    runners = tree.get("runners")
    for runner in runners if isinstance(runners, list) else ():
        assert isinstance(runner, dict)
        runner |= {"pre_build_script": scripts, "environment": [*variables]}
    content = to_toml(tree).encode()
    state = observed(None, content)
    desired, entry, blockers = back(state)
    assert desired == {CONFIG: content}
    assert blockers == []
    assert "glrt-" not in entry.into("")


TOP = (
    ("concurrent = 0x4", "concurrent = 1_0 # ten", '"concurrent" = 0b11', "concurrent=+3"),
    (
        "session_server.session_timeout = 6_0",
        "session_server = {session_timeout = 60, listen_address = '[::]:8093'} # x",
    ),
    ("log_level = 'debug'", 'log_level = """\\\n   debug"""', "# log_level = 'info'"),
    ('listen_address = ":9252"', "listen_address = ''", "\u0009# nothing"),
    ("experimental.\"odd name\".'x.y' = 1e3", "machine = {a = [1, [2, 3], {b = 'c'}]}", "unknown = 2024-01-01"),
    (
        "unknown_2 = 07:32:00",
        "unknown_2 = 2024-01-01T00:00:00",
        "unknown_2 = inf",
        "unknown_2 = -0.0",
        "unknown_2 = 1e300",
    ),
)
"""Lines that mean one thing each, as people and other programs write them."""
BELOW = (
    ('docker.image = "alpine:3"', "docker = {image = 'alpine:3', volumes = ['/a', # why\n '/b',\n]}", "limit = 0o7"),
    ('"environment" = ["A=1", "B={{ x }}"]', "environment = []", 'environment = ["""C=\nx"""]'),
    ("pre_build_script = '''\n\n  echo # no comment\n'''", 'pre_build_script = "\\u00e9\\t\\\\ "', "# none"),
    ("id = 0x7", "id = 8 # eight"),
    ("token_obtained_at = 2024-01-01 00:00:00Z", "token_expires_at = 2034-01-01T01:02:03.5+02:00"),
    ("feature_flags = {FF_X = true, 'FF.Y' = false}", 'cache.Type = "s3"\ncache.s3.BucketName = "b"'),
)
TABLES = (
    "[runners.custom_build_dir]",
    "  [ runners . kubernetes ] # x\n  namespace = 'n'",
    "[[runners.machine.autoscaling]]\nPeriods=['*']",
    "[runners.referees.metrics]\nqueries = ['a:b']",
    "# last",
)


def odd_lines(groups: tuple[tuple[str, ...], ...]) -> st.SearchStrategy[list[str]]:
    """One of each group or none, in any order, with comments and empty lines between."""
    some = st.tuples(*(st.sampled_from(["", "# of the next", *group]) for group in groups))
    return some.flatmap(lambda lines: st.permutations([*lines]))


@given(
    top=odd_lines(TOP),
    runners=st.lists(
        st.tuples(odd_lines(BELOW), st.lists(st.sampled_from(TABLES), max_size=2, unique=True)), max_size=3
    ),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from(["", "\ufeff"]),
    length=st.sampled_from([0, 300]),
)
def test_a_config_toml_stays_in_whatever_form(
    top: list[str], runners: list[tuple[list[str], list[str]]], end: str, mark: str, length: int
) -> None:
    lines = [*top, *(f"# {number} of many" for number in range(length))]
    for index, (keys, tables) in enumerate(runners):
        own = [f'name = "r{index}"', "url = 'https://g/'", f'token = "glrt-{"abc"[index] * 20}"', "executor = 'shell'"]
        lines += ["", "# a runner", "[[runners]]", *keys[:2], *own, *keys[2:], *tables]
    content = (mark + "\n".join([*lines, ""])).replace("\n", end).encode()
    desired, _, blockers = back(observed(None, content))
    assert (desired, blockers) == ({CONFIG: content}, [])


def test_the_runners_own_defaults_are_left_out() -> None:
    toml = b"""concurrent = 1
check_interval = 0
connection_max_age = "15m0s"
shutdown_timeout = 0
[session_server]
  session_timeout = 1800
[[runners]]
  url = "https://g"
  name = "a" # the small one
  id = 3
  token = "glrt-aaaaaaaaaaaaaaaaaaaa"
  token_obtained_at = 2024-01-01T00:00:00Z
  token_expires_at = 0001-01-01T00:00:00Z
  executor = "docker"
  [runners.custom_build_dir]
  [runners.cache]
    MaxUploadedArchiveSize = 0
    [runners.cache.s3]
  [runners.docker]
    tls_verify = false
    image = "ruby:3.3"
    privileged = false
    volumes = ["/cache"]
    shm_size = 0
"""
    assert entry_of(observed(None, toml)).lines(0, 2) == [
        "h:",
        "  address: 192.0.2.10",
        "  gitlab_runner:",
        "    concurrent: 1",
        "    runners:",
        "      # the small one",
        "      - name: a",
        "        url: https://g",
        "        token: keep",
        "        executor: docker",
        "        docker:",
        "          image: ruby:3.3",
        "          volumes: [/cache]",
    ]


A, B = (f"glrt-{letter * 20}" for letter in "ab")


@pytest.mark.parametrize(
    ("runners", "named"),
    [
        ([{"token": A}], [("unnamed-1", "", None)]),
        ([{"name": "h", "token": A}, {"token": B, "id": 3}], [("h", None, None), ("unnamed-2", "", 3)]),
        (
            [{"name": "h", "id": 1, "token": A}, {"name": "h", "id": 2, "token": B}],
            [("h", None, 1), ("h-2", "h", 2)],
        ),
        ([{"name": "h", "token": A}, {"name": "h", "token": B, "limit": 1}], [("h", None, None), ("h-2", "h", None)]),
        ([{"name": "h", "token": A}, {"name": "h", "token": B}], [("h", None, None), ("h-2", "h", None)]),
        ([{"name": "h"}, {"name": "h"}], [("h", None, None), ("h-2", "h", None)]),
        (
            [{"name": "h-2", "token": A}, {"name": "h", "token": A}, {"name": "h", "token": A}],
            [("h-2", None, None), ("h", None, None), ("h-3", "h", None)],
        ),
        (
            [{"name": "a\nb", "token": A}, {"name": "x {host}", "token": B}],
            [("unnamed-1", "a\nb", None), ("unnamed-2", "x {host}", None)],
        ),
    ],
)  # fmt: skip
def test_each_runner_has_a_name_of_its_own_and_the_file_stays(
    runners: list[dict[str, Any]], named: list[tuple[str, str | None, int | None]]
) -> None:
    """`gitlab-runner register` calls each of them after the host; who writes the file by hand may name none."""
    toml = blocks(*runners)
    desired, entry, blockers = back(observed(None, toml))
    assert (desired, blockers) == ({CONFIG: toml}, [])
    (section,) = entry.sections.values()
    assert section
    pairs = [(one["name"], one.get("called"), one.get("id")) for one in runners_of(section)]
    assert pairs == named
    assert sum("`called` keeps that as it is" in note for note in entry.notes) == any(
        one[1] is not None for one in named
    )


RUNNERS = st.lists(
    st.fixed_dictionaries(
        {"executor": st.sampled_from(EXECUTORS)},
        optional={
            "name": st.sampled_from(["", "h", "h", "h-2", "x {host}", " ", "{{ a }}", "a\nb", "\u00e9"]),
            "url": st.sampled_from(["https://g", "https://G/"]),
            "id": st.integers(0, 2),
            "token": st.sampled_from(["", A, B]),
            "limit": st.integers(0, 2),
        },
    ),
    max_size=4,
)


@given(runners=RUNNERS)
def test_runners_of_any_names_stay_as_they_are(runners: list[dict[str, Any]]) -> None:
    toml = blocks(*runners)
    desired, _, blockers = back(observed(None, toml))
    assert (desired, blockers) == ({CONFIG: toml}, [])


@pytest.mark.parametrize("content", [b"[", b"{} x", b"\xff"])
def test_a_file_that_cannot_be_read_is_reported(content: bytes) -> None:
    entry = entry_of(observed(content, content))
    assert ServiceName.DOCKER not in entry.sections
    assert any("/etc/docker/daemon.json:" in note and "correct it" in note for note in entry.notes)
    assert any("config.toml:" in note for note in entry.notes)


def test_a_host_without_anything_has_no_section() -> None:
    entry = entry_of(HostState())
    assert not entry.sections
    assert len(entry.notes) == 2


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n"])
def test_a_script_with_a_secret_comes_back_with_its_last_line(end: str) -> None:
    """As the plan that `adopt` shows has it, before any `.env` is written."""
    toml = blocks({"name": "a", "token": A, "pre_build_script": f"set -e\nexport API_TOKEN=canary{end}"})
    desired, entry, _ = back(observed(None, toml))
    assert desired == {CONFIG: toml}
    assert "canary" not in entry.into("")


@pytest.mark.parametrize(
    ("toml", "lines"),
    [
        ("a = 1\n# b\n", (2,)),
        ("a = \"echo '''\"\n# b\n", (2,)),
        ('a = """it\'s \'\'\'\n# no comment\n"""\n# b\n', (4,)),
        ("a = '''# no comment\n''' # b\n", (2,)),
        ('a = \'# no comment\'\nb = "\\" # none"\n', ()),
        ("#\n##\n", ()),
    ],
)
def test_a_comment_ends_a_line_outside_of_strings(toml: str, lines: tuple[int, ...]) -> None:
    tomllib.loads(toml)
    assert lines_left_over(toml, places_in("toml", toml, ""), ()) == lines


def test_comments_of_no_key_are_reported_by_their_lines() -> None:
    toml = b"""# of the file

concurrent = 2 # kept
# kept too
log_level = "debug"
[[runners]]
  name = "a"
  url = "https://g"
  # of the token
  token = "glrt-aaaaaaaaaaaaaaaaaaaa"
  executor = "docker"
  pre_build_script = '''
# no comment
'''
  [runners.docker]
    image = "alpine:3"
    # of what is left out as the usual
    privileged = false
    # dns = []
"""
    entry = entry_of(observed(None, toml))
    (said,) = (note for note in entry.notes if "comments" in note)
    assert "comments at lines 1, 17, 19 do not belong to a key" in said
    text = entry.into("")
    assert "# kept\n" in text
    assert "# kept too\n" in text


def test_the_head_that_every_deploy_writes_is_not_reported_as_left_out() -> None:
    head = shipped_templates().joinpath("config.toml.j2").read_text().partition("\n")[0]
    assert not entry_of(observed(b"{}", f"{head}\n\nconcurrent = 3\n".encode())).notes
    (note,) = entry_of(observed(b"{}", f"{head}\n# mine\n\nconcurrent = 3\n".encode())).notes
    assert "comments at line 2 do" in note


def test_crlf_and_a_byte_order_mark_are_read() -> None:
    toml = b"\xef\xbb\xbf# how many\r\nconcurrent = 3\r\n"
    desired, entry, _ = back(observed(b'\xef\xbb\xbf{\r\n"mtu": 1400}\r\n', toml))
    assert "# how many" in entry.into("")
    assert desired == {DAEMON: b'\xef\xbb\xbf{\r\n"mtu": 1400}\r\n', CONFIG: toml}
