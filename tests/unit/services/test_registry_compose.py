"""A table of which Compose works with which Docker daemon, and which can recreate a container."""

from __future__ import annotations

import pytest

from runnerops.model.facts import Facts, RegistryFacts
from runnerops.services.registry.action.compose import cannot_recreate, too_old
from tests.unit.services.builders import engine

TABLE = [  # Docker, Compose; what it is refused for; whether it dies where it recreates
    ("20.10.24", "1.29.2", "", False),
    ("24.0.9", "1.29.2", "", False),
    ("25.0.5", "1.29.2", "", True),
    ("26.1.5", "1.29.2", "", True),
    ("28.5.2", "1.25.0", "", True),
    ("29.0.1", "1.29.2", "", True),
    ("29.7.2", "1.29.2", "", True),
    ("29.1.0", "1.27.4", "speaks API 1.38 at most, but Docker requires 1.44 or newer", True),
    ("29.3.0", "1.25.0", "speaks API 1.38 at most, but Docker requires 1.40 or newer", True),
    ("29.2.1", "2.5.0", "speaks API 1.42 at most, but Docker requires 1.44 or newer", False),
    ("29.3.0", "2.5.0", "", False),
    ("29.1.0", "2.26.1", "", False),
    ("29.7.2", "5.5.0", "", False),
    ("", "1.29.2", "", True),
    ("", "2.26.1", "", False),
    ("26.1.5", "", "", False),
]


@pytest.mark.parametrize(("docker", "compose", "why", "dies"), TABLE)
def test_compose_of_each_age_with_docker_of_each_age(docker: str, compose: str, why: str, dies: bool) -> None:
    facts = Facts(docker=engine(docker), registry=RegistryFacts(("docker-compose",), compose))
    assert (too_old(facts), cannot_recreate(facts)) == (why, dies)
