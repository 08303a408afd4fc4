"""`--only SERVICE` leaves the other services out of the whole deploy, also on hosts that no longer have the named one."""

from __future__ import annotations

from pathlib import Path

import pytest

from runnerops.errors import UsageError
from runnerops.inventory import load
from runnerops.inventory.only import only
from runnerops.model.common import ServiceName, Verb
from runnerops.model.host_state import Intent
from runnerops.planning.left_out import carried_files, recorded_command, services_note
from runnerops.services.shared.left_out import brings_caches
from tests.unit.plan_builders import ask, observed, plan

INVENTORY = b"""
hosts:
  a: {docker: {live-restore: true}}
  b: {docker: {}, registry: {caches: [{listen: "192.0.2.10:5000"}]}}
"""
HOSTS = load(Path("i.yml"), {Path("i.yml"): INVENTORY}).hosts
DOCKER, REGISTRY = ServiceName.DOCKER, ServiceName.REGISTRY


def test_caches_of_other_hosts_are_left_out_for_a_host_without_any_too() -> None:
    """Else its plan counts on a cache that the same deploy would bring up first."""
    narrowed = only(HOSTS, {DOCKER})
    assert [(host.name, brings_caches(host)) for host in narrowed] == [("a", False), ("b", False)]
    assert [services_note(host, whole) for host, whole in zip(narrowed, HOSTS, strict=True)] == [
        (),
        ("left out by --only: registry",),
    ]
    assert [recorded_command("deploy", host) for host in narrowed] == ["deploy --only docker"] * 2
    assert all(brings_caches(host) for host in only(HOSTS, {DOCKER, REGISTRY}))
    assert [host.name for host in only(HOSTS, {REGISTRY})] == ["b"]
    assert only(HOSTS, ()) == HOSTS
    with pytest.raises(UsageError):
        only(HOSTS, {ServiceName.GITLAB_RUNNER})


def test_a_service_whose_section_is_gone_and_that_is_unfinished_stays_so() -> None:
    host_state = observed({"live-restore": True}, None, intents=(Intent(REGISTRY, Verb.RECREATE, 3, ""),))
    (host, _) = only(HOSTS, {DOCKER})
    made = plan(ask({"live-restore": True, "registry-mirrors": ["https://m.example"]}, None), host_state, host=host)
    assert {action.service for action in made.actions} == {DOCKER}
    assert REGISTRY not in {step.args[0] for step in made.forward if step.verb in {"intend", "complete", "phase"}}
    assert [note for note in made.notes if "registry is unfinished since run 3 and stays so" in note]
    assert carried_files(host, HOSTS[0], host_state) == ()
