"""The files of the caches: how the shipped templates render them, how they are read, and when two mean the same."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runnerops.model.common import Tree, key_text
from runnerops.model.host_state import sha256
from runnerops.model.inventory import FileSpec
from runnerops.services import REGISTRY
from runnerops.services.base import ParseError, Service
from runnerops.services.registry.format import COMPOSE_TEMPLATE, CONFIG_TEMPLATE, merge
from runnerops.services.registry.format.label import config_sha256
from runnerops.services.registry.format.service import volumes_of
from tests.unit.services.builders import HUB, cache, host, render_file, secret, state

CONFIG = FileSpec(REGISTRY.NAME, "/opt/registry/registry-config.yml", CONFIG_TEMPLATE, "yaml", name="dockerhub")
COMPOSE = FileSpec(REGISTRY.NAME, "/opt/registry/docker-compose.yml", COMPOSE_TEMPLATE, "yaml")
LABEL = "runnerops.registry-config.sha256"


def test_the_package_implements_service() -> None:
    service: Service = REGISTRY
    assert service.files(host()) == ()
    assert service.files(host(caches=[])) == ()


def files(*caches: Tree, value: str = "s3cret") -> dict[str, Any]:
    return {
        file.spec.path.rpartition("/")[2]: yaml.safe_load(file.content or b"")
        for file in render_file(host(caches=list(caches)), value)
    }


def label(*caches: Tree, value: str = "s3cret") -> str:
    text: str = files(*caches, value=value)["docker-compose.yml"]["services"]["dockerhub"]["labels"][LABEL]
    return text


def test_a_cache_as_it_is_rendered() -> None:
    document = files(cache(ttl="168h", username="acme", password=secret()))
    assert document["registry-config.yml"] == {
        "version": 0.1,
        "log": {"level": "info"},
        "storage": {"filesystem": {"rootdirectory": "/var/lib/registry"}, "delete": {"enabled": True}},
        "http": {"addr": ":5000"},
        "health": {"storagedriver": {"enabled": True, "interval": "10s", "threshold": 3}},
        "proxy": {"remoteurl": HUB, "username": "acme", "password": "s3cret", "ttl": "168h"},
    }
    service = document["docker-compose.yml"]["services"]["dockerhub"]
    assert len(service.pop("labels")[LABEL]) == 64
    assert service == {
        "image": "registry:3.0.0",
        "command": ["serve", "/etc/runnerops/registry-config.yml"],
        "restart": "always",
        "ports": ["172.17.0.1:5000:5000"],
        "volumes": [
            "./registry-config.yml:/etc/runnerops/registry-config.yml:ro",
            "dockerhub:/var/lib/registry",
        ],
        "environment": {"OTEL_TRACES_EXPORTER": "none"},
        "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
    }
    assert document["docker-compose.yml"]["volumes"] == {"dockerhub": {"name": "runnerops-dockerhub"}}


def test_compose_sees_a_dollar_as_it_was_written() -> None:
    document = files(cache(environment={"A": "x$y", "B": secret()}), value="p$q")
    assert document["docker-compose.yml"]["services"]["dockerhub"]["environment"] == {
        "A": "x$$y",
        "B": "p$$q",
    }


def test_no_volume_is_taken_for_a_drive() -> None:
    """Compose takes `x:/path` for a folder on drive x."""
    spec, content = (
        render_file(host({}, [cache("x")]))[-1].spec,
        render_file(host({}, [cache("x")]))[-1].content or b"",
    )
    assert volumes_of(REGISTRY.parse(spec, content), "x") == {"/var/lib/registry": "runnerops-x"}
    assert b'"x:' not in content


def test_further_config_is_merged_over_ours_and_null_takes_away() -> None:
    document = files(
        cache(config={"http": {"headers": {"X": ["y"]}}, "health": None, "proxy": {"exec": {"command": "c"}}})
    )
    config = document["registry-config.yml"]
    assert config["http"] == {"addr": ":5000", "headers": {"X": ["y"]}}
    assert "health" not in config
    assert config["proxy"] == {"remoteurl": HUB, "exec": {"command": "c"}}


def test_the_checksum_is_over_the_meaning_without_secrets() -> None:
    plain = cache(username="acme", password=secret())
    assert label(plain, value="one") == label(plain, value="two")
    assert label(plain) != label({**plain, "ttl": "24h"})
    assert label(plain) == label({**plain, "image": "registry:2.8"})


@pytest.mark.parametrize(
    ("keys", "config", "compose"),
    [
        ({}, "0644", "0644"),
        ({"password": "in clear"}, "0600", "0644"),
        ({"password": secret()}, "0600", "0644"),
        ({"config": {"http": {"secret": "x"}}}, "0600", "0644"),
        ({"config": {"storage": {"s3": {"secretkey": "x"}}}}, "0600", "0644"),
        ({"environment": {"A": secret()}}, "0644", "0600"),
        ({"environment": {"REGISTRY_HTTP_SECRET": "x"}}, "0644", "0600"),
        ({"environment": {"A": "b"}}, "0644", "0644"),
    ],
)
def test_files_with_secrets_are_for_root_alone(keys: dict[str, Any], config: str, compose: str) -> None:
    assert [file.spec.mode for file in render_file(host(caches=[cache(**keys)]))] == [config, compose]


def test_a_large_file_without_aliases_is_taken() -> None:
    labels = ",".join(f"l{number}" for number in range(25_000))
    assert len(str(REGISTRY.parse(CONFIG, f"a: [{labels}]\n".encode()))) > 100_000


def test_aliases_of_a_large_file_are_taken_as_far_as_go_takes_them() -> None:
    variables = "".join(f"  V{number}: x\n" for number in range(100))
    services = "".join(f"  s{number}: {{image: a, environment: {{<<: *a}}}}\n" for number in range(1200))
    tree = REGISTRY.parse(COMPOSE, f"x-a: &a\n{variables}services:\n{services}".encode())
    assert isinstance(tree["services"], dict)
    assert len(tree["services"]) == 1200


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (b"a: 1\nb: {c: 1}\na: 2\n", 3, "duplicate key, also in line 1"),
        (b"a: [1\n", 1, "this quote or bracket is never closed"),
        (b"- a\n", 1, "the file must be a mapping"),
        (b"a: !!python/object/apply:os.system ['x']\n", 1, "no managed system knows this tag"),
        (b"a: \xff\n", 1, "a character here is not UTF-8"),
        (b"a: !!binary aGk=\n", 1, "a value is neither a string, a number nor a date"),
        (
            b"a: &a [x]\n"
            + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(9)),
            2,
            "from here on, the aliases make the file too large",
        ),
        (
            b"a: &a {x: y}\n"
            + b"".join(
                b"%c: &%c {<<: [%s]}\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(9)
            ),
            2,
            "from here on, the aliases make the file too large",
        ),
        (b"a: &a {b: *a}\n", 1, "from here on, the aliases make the file too large"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_refused_with_its_line(content: bytes, line: int, problem: str) -> None:
    with pytest.raises(ParseError) as caught:
        REGISTRY.parse(COMPOSE, content)
    assert caught.value.line == line
    assert caught.value.problem == problem


@pytest.mark.parametrize("written", ["012345", "0x1f", "1_000", "1e3", "12345", "yes"])
def test_a_secret_is_read_as_it_is_written(written: str) -> None:
    content = f"http: {{secret: {written}}}\nproxy: {{username: {written}, password: {written}}}\n"
    tree = REGISTRY.parse(CONFIG, content.encode())
    assert tree == {"http": {"secret": written}, "proxy": {"username": written, "password": written}}
    assert REGISTRY.parse(CONFIG, REGISTRY.dump(tree)) == tree


def test_a_secret_that_is_empty_stays_empty() -> None:
    assert REGISTRY.parse(CONFIG, b"proxy: {password: , username: ''}") == {"proxy": {"password": None, "username": ""}}


TREES = st.dictionaries(
    st.text("abcn0.", min_size=1, max_size=4),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=6),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("xyn1", min_size=1, max_size=3), inner, max_size=3)
        ),
        max_leaves=6,
    ),
    max_size=4,
)


@given(TREES)
def test_dump_and_parse_are_inverse(tree: Tree) -> None:
    assert REGISTRY.parse(CONFIG, REGISTRY.dump(tree)) == tree
    assert REGISTRY.dump(dict(reversed(tree.items()))) == REGISTRY.dump(tree)


@pytest.mark.parametrize(
    ("spec", "old", "new", "differing"),
    [
        (CONFIG, {"proxy": {"remoteurl": "https://a/"}}, {"proxy": {"remoteurl": "https://a"}}, ""),
        (CONFIG, {"proxy": {"ttl": None}}, {"proxy": {}}, ""),
        (CONFIG, {"proxy": {"ttl": "1h"}}, {"proxy": {"ttl": "2h"}}, "proxy.ttl"),
        (COMPOSE, {"version": "3.7", "services": {}}, {"services": {}}, ""),
        (COMPOSE, {"services": {"a": {"environment": ["X=1"]}}}, {"services": {"a": {"environment": {"X": 1}}}}, ""),
        (COMPOSE, {"services": {"a": {"labels": {"x": True}}}}, {"services": {"a": {"labels": ["x=true"]}}}, ""),
        (COMPOSE, {"services": {"a": {"image": "x:1"}}}, {"services": {"a": {"image": "x:2"}}}, "services.a.image"),
        (
            COMPOSE,
            {"services": {"a": {"environment": ["X=1"]}}},
            {"services": {"a": {"environment": ["X=2"]}}},
            "services.a.environment.X",
        ),
    ],
)
def test_only_differences_of_meaning_are_key_changes(spec: FileSpec, old: Tree, new: Tree, differing: str) -> None:
    assert ", ".join(key_text(key_change.key) for key_change in REGISTRY.key_changes(spec, old, new)) == differing


@pytest.mark.parametrize(
    ("old", "new", "differing"),
    [
        ("cpus: 0.50, mem_limit: 1_000", "cpus: 0.5, mem_limit: 1000", ""),
        (
            "environment: {A: 0777, B: 1.10, C: 1e3, D: yes}",
            "environment: {A: '511', B: '1.1', C: '1000', D: 'yes'}",
            "",
        ),
        ("environment: {A: 080}", "environment: {A: '080'}", "services.a.environment.A"),
        ("environment: {A: '1.10'}", "environment: [A=1.10]", ""),
        ("privileged: 1", "privileged: true", "services.a.privileged"),
    ],
)
def test_a_number_means_the_same_however_it_is_written(old: str, new: str, differing: str) -> None:
    trees = (REGISTRY.parse(COMPOSE, f"services: {{a: {{{line}}}}}".encode()) for line in (old, new))
    assert ", ".join(key_text(key_change.key) for key_change in REGISTRY.key_changes(COMPOSE, *trees)) == differing


def test_merge_leaves_its_arguments_alone() -> None:
    base: Tree = {"a": {"b": 1}}
    assert merge(base, {"a": {"c": 2, "b": None}}) == {"a": {"c": 2}}
    assert base == {"a": {"b": 1}}


# ----------------------------------------------------------------------------------------------------------- settle


def test_equal_meaning_is_the_hosts_own_file_and_reconciling_is_idempotent() -> None:
    this_host = host(caches=[cache()])
    rendered = render_file(this_host)
    contents = {file.spec.path: b"# by hand\n" + (file.content or b"") for file in rendered}
    observed = state(contents)
    reconciled, blockers = REGISTRY.reconcile(this_host, rendered, observed)
    assert blockers == ()
    assert [file.content for file in reconciled] == list(contents.values())
    assert REGISTRY.reconcile(this_host, reconciled, observed)[0] == reconciled


def test_what_differs_stays_as_it_is_asked_for() -> None:
    this_host = host(caches=[cache()])
    rendered = render_file(this_host)
    assert REGISTRY.reconcile(this_host, rendered, state({rendered[0].spec.path: b"version: 0.1\n"}))[0] == rendered


def test_keep_holds_the_hosts_own_keys_and_the_checksum_follows() -> None:
    this_host = host(
        caches=[cache(ttl="24h")], keep={REGISTRY.NAME: ("proxy.ttl", "log", "services.dockerhub.environment.A")}
    )
    config, compose = render_file(this_host)
    theirs = REGISTRY.parse(config.spec, config.content or b"")
    theirs["proxy"] = {"remoteurl": "https://other.example.com", "ttl": "1h"}
    del theirs["log"]
    contents = {config.spec.path: REGISTRY.dump(theirs)}
    reconciled, _ = REGISTRY.reconcile(this_host, (config, compose), state(contents))
    kept = REGISTRY.parse(config.spec, reconciled[0].content or b"")
    assert kept["proxy"] == {"remoteurl": "https://registry-1.docker.io", "ttl": "1h"}
    assert "log" not in kept
    composed: Any = REGISTRY.parse(compose.spec, reconciled[1].content or b"")
    label = composed["services"]["dockerhub"]["labels"]["runnerops.registry-config.sha256"]
    assert label == config_sha256(kept)
    assert REGISTRY.reconcile(this_host, reconciled, state(contents))[0] == reconciled


def test_only_files_of_ours_go_with_their_cache() -> None:
    this_host = host(caches=[cache()])
    old, others, gone = (f"/opt/registry/registry-config.{name}.yml" for name in ("quay.io", "theirs", "gone"))
    observed = state(
        {old: b"a: 1\n", others: b"a: 1\n"},
        applied={old: sha256(b"a: 1\n"), gone: sha256(b""), "/opt/registry/notes.yml": sha256(b"")},
    )
    leaving = [
        file for file in REGISTRY.reconcile(this_host, render_file(this_host), observed)[0] if file.content is None
    ]
    assert [(file.spec.path, file.spec.name) for file in leaving] == [(old, "quay.io")]


def test_with_the_last_cache_the_compose_file_goes_and_without_a_section_nothing_does() -> None:
    path = "/opt/registry/docker-compose.yml"
    observed = state({path: b"services: {}\n"}, applied={path: sha256(b"services: {}\n")})
    assert [(file.spec.path, file.content) for file in REGISTRY.reconcile(host(caches=[]), (), observed)[0]] == [
        (path, None)
    ]
    assert REGISTRY.reconcile(host(), (), observed) == ((), ())
