"""What a cache would ignore, refuse or fail on."""

from __future__ import annotations

from typing import Any

import pytest

from runnerops.model.common import Tree, key_text
from runnerops.model.facts import Facts
from runnerops.model.inventory import FileSpec
from runnerops.services import REGISTRY
from runnerops.services.registry.caches.image import major, short
from tests.unit.services.builders import cache, compose_facts, host, render_file


def trees(**keys: Any) -> dict[FileSpec, Tree]:
    return {
        file.spec: REGISTRY.parse(file.spec, file.content or b"") for file in render_file(host(caches=[cache(**keys)]))
    }


def findings_of(files: dict[FileSpec, Tree], facts: Facts | None = None) -> list[str]:
    return [f"{finding.rule} {finding.severity} {finding.message}" for finding in REGISTRY.lint(files, facts)]


@pytest.mark.parametrize(
    ("keys", "finding"),
    [
        ({}, []),
        ({"ttl": "168h"}, []),
        ({"ttl": 0}, []),
        (
            {"ttl": 168},
            ["C003 error cache dockerhub: is without a unit: the registry reads nanoseconds"],
        ),
        (
            {"ttl": "168"},
            [
                "C003 error cache dockerhub: must be a duration with its unit, such as 168h: the registry ends at its start"
            ],
        ),
        (
            {"ttl": "24h", "image": "registry:2.8"},
            ["C004 warning cache dockerhub: registry 2 ignores it: everything expires after 7 days"],
        ),
        (
            {"config": {"proxy": {"remoteurll": "x"}}},
            ["C001 error cache dockerhub: unknown key, did you mean 'remoteurl'?"],
        ),
        ({"config": {"proxy": {"quux": 1}}}, ["C001 warning cache dockerhub: unknown key, which the registry ignores"]),
        ({"config": {"storag": {}}}, ["C001 error cache dockerhub: unknown key, did you mean 'storage'?"]),
        ({"config": {"proxy": {"username": 12, "password": 34}}}, []),
        (
            {"config": {"proxy": None}},
            ["C002 error cache dockerhub: has no upstream, so it would be a registry and not a cache"],
        ),
    ],
)
def test_findings_that_need_no_facts_of_the_host(keys: dict[str, Any], finding: list[str]) -> None:
    assert findings_of(trees(**keys)) == finding


def test_an_upstream_that_does_not_answer_is_a_warning() -> None:
    facts = Facts(registry=compose_facts(upstreams={"dockerhub": False}))
    assert findings_of(trees(), facts) == [
        "C005 warning cache dockerhub: its upstream does not answer from this host: a registry does not start without it"
    ]


def test_a_compose_file_of_the_users_own_template() -> None:
    spec = next(spec for spec in trees() if not spec.name)
    configs = {other: tree for other, tree in trees().items() if other.name}
    label = "runnerops.registry-config.sha256=1"
    assert findings_of({**configs, spec: {}}) == ["C006 error has no services"]
    assert findings_of({**configs, spec: {"services": {"a": {"image": "x", "labels": ["x=y"]}}}}) == [
        "C007 warning has no label with the checksum of its config, so it is recreated by force for every change of the config"
    ]
    assert findings_of({**configs, spec: {"services": {"a": {"image": "x", "labels": [label]}}}}) == []


def test_somebody_elses_compose_file_needs_no_label_of_ours() -> None:
    spec = next(spec for spec in trees() if not spec.name)
    assert findings_of({spec: {"services": {"a": {"image": "x"}}}}) == []


@pytest.mark.parametrize(
    ("image", "number", "listed"),
    [
        ("registry:2.8", 2, "registry:2.8"),
        ("registry", None, "registry:latest"),
        ("docker.io/library/registry:3.0.0", 3, "registry:3.0.0"),
        ("registry:latest", None, "registry:latest"),
        ("mirror.example.com:5000/distribution:v3.1.1", 3, "mirror.example.com:5000/distribution:v3.1.1"),
        ("registry:3@sha256:aa", 3, "registry@sha256:aa"),
        ("ghcr.io/distribution/registry@sha256:aa", None, "ghcr.io/distribution/registry@sha256:aa"),
    ],
)
def test_the_major_version_and_the_short_name_of_an_image(image: str, number: int | None, listed: str) -> None:
    assert (major(image), short(image)) == (number, listed)


@pytest.mark.parametrize(
    ("config", "finding"),
    [
        ({"http": {"addr": ":5001"}}, "error http.addr"),
        ({"http": {"addr": "127.0.0.1:5000"}}, "error http.addr"),
        ({"http": {"addr": "/run/registry.sock", "net": "unix"}}, "error http.net"),
        ({"http": {"prefix": "/hub/"}}, "error http.prefix"),
        ({"http": {"tls": {"certificate": "/c.pem", "key": "/k.pem"}}}, "error http.tls"),
        ({"http": {"tls": {"letsencrypt": {"cachefile": "/c", "email": "a@b.example"}}}}, "error http.tls"),
        ({"http": {"host": "https://hub.example.com"}}, "warning http.host"),
        ({"storage": {"filesystem": {"rootdirectory": "/tmp/registry"}}}, "warning storage.filesystem.rootdirectory"),
        ({"storage": {"filesystem": None, "inmemory": {}}}, "warning storage.inmemory"),
        ({"http": {"addr": "0.0.0.0:5000", "prefix": "/", "net": "tcp", "secret": "a"}}, ""),
        ({"http": {"host": "https://hub.example.com", "relativeurls": True}}, ""),
        ({"storage": {"filesystem": {"rootdirectory": "/var/lib/registry/hub"}}}, ""),
    ],
)
def test_a_cache_that_its_clients_do_not_reach(config: Tree, finding: str) -> None:
    files = trees(image="registry:3.1.1", config=config)
    findings = [
        f"{finding.severity} {key_text(finding.key)}"
        for finding in REGISTRY.lint(files, None)
        if finding.rule == "C018"
    ]
    assert findings == ([finding] if finding else [])


def test_variables_win_over_the_configuration() -> None:
    files = trees(environment={"REGISTRY_HTTP_ADDR": ":5001"}, config={"http": {"addr": ":5000"}})
    assert "C018" in {finding.rule for finding in REGISTRY.lint(files, None)}
