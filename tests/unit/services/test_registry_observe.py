"""What hosts answer about caches, and the scripts that ask, under each shell."""

from __future__ import annotations

import pytest

from runnerops.model.answers import Answer
from runnerops.model.facts import Facts, RegistryFacts
from runnerops.model.host_state import sha256
from runnerops.services import REGISTRY
from tests.unit.services.builders import MIRROR, cache, host, render_file


def read(**texts: str) -> RegistryFacts:
    facts = REGISTRY.facts(Facts(), {name: Answer(0, text.encode()) for name, text in texts.items()}).registry
    assert facts
    return facts


@pytest.mark.parametrize(
    ("text", "compose", "version"),
    [
        ("2.26.1\ndocker\ncompose\n", ("docker", "compose"), "2.26.1"),
        ("v2.26.1\ndocker\ncompose\n", ("docker", "compose"), "2.26.1"),
        ("1.29.2\ndocker-compose\n", ("docker-compose",), "1.29.2"),
        ("", (), ""),
    ],
)
def test_compose_of_either_version(text: str, compose: tuple[str, ...], version: str) -> None:
    registry = read(registry_compose=text)
    assert (registry.compose, registry.compose_version) == (compose, version)


def test_answers_upstreams_and_listeners() -> None:
    registry = read(
        registry_answer_1=f"{MIRROR} yes\n",
        registry_answer_2="http://172.17.0.1:5000 no\n",
        registry_upstream_1="dockerhub no\n",
        registry_listeners_1='LISTEN 0 4096 172.17.0.1:5000 0.0.0.0:* users:(("docker-proxy",pid=1,fd=4))\n'
        "LISTEN 0 128 *:22 *:*\n",
    )
    assert registry.answers == {MIRROR: True, "http://172.17.0.1:5000": False}
    assert registry.upstreams == {"dockerhub": False}
    assert registry.listeners == {"172.17.0.1:5000": "docker-proxy", "0.0.0.0:22": ""}


def test_a_host_without_caches_is_asked_for_its_mirrors_only() -> None:
    this_host = host({"registry-mirrors": [f"{MIRROR}/"]})
    assert REGISTRY.questions(this_host, ()) == (
        ("prepare_page", f"{MIRROR}/v2/", "3"),
        ("await_registry_answer", "1", MIRROR),
    )


def test_a_host_with_caches() -> None:
    this_host = host(
        {"registry-mirrors": ["http://172.17.0.1:5000", MIRROR]},
        [cache(), cache("quay.io", listen="0.0.0.0:5001", serves="quay.io")],
    )
    rendered = render_file(this_host)
    config, other, compose = ((file.spec.path, sha256(file.content)) for file in rendered)
    hub = "https://registry-1.docker.io"
    assert REGISTRY.questions(this_host, rendered) == (
        ("prepare_page", "http://172.17.0.1:5000/v2/", "3"),
        ("prepare_page", "http://127.0.0.1:5001/v2/", "3"),
        ("prepare_page", f"{MIRROR}/v2/", "3"),
        ("observe_registry", "/opt/registry"),
        (
            "await_registry_cache",
            "1",
            "dockerhub",
            "http://172.17.0.1:5000",
            hub,
            "library/alpine",
            *config,
            *compose,
        ),
        ("await_registry_cache", "2", "quay.io", "http://127.0.0.1:5001", hub, "none", *other, *compose),
        ("await_registry_answer", "3", MIRROR),
    )
