"""All steps of some plans for caches, forward and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from runnerops.model.common import ServiceName, Verb
from runnerops.model.host_state import HostState, Intent, sha256
from runnerops.model.inventory import Host, Policy
from runnerops.model.plan import Action
from runnerops.model.steps import ActionSteps, Step
from runnerops.services import REGISTRY
from runnerops.services.base import ActionRequest
from runnerops.services.registry.action.compared import FORM
from runnerops.services.registry.steps import IF_DOCKER, IF_THERE, PULL
from runnerops.services.registry.steps.verify import LATER
from tests.unit.services.builders import (
    POLICY,
    cache,
    changes,
    compose_facts,
    engine,
    host,
    our_container,
    render_file,
    secret,
    state,
)
from tests.unit.services.registry_builders import ONE, RESTART, TWO, deployed, label_of, with_registry

DIR = "/opt/registry"
PROBE = "curl -fsS --noproxy * -m 5 -o /dev/null http://172.17.0.1:5000/v2/"
FILTERS = "--filter label=com.docker.compose.project=runnerops --filter label=com.docker.compose.service=dockerhub"
SHORT = {
    IF_THERE: "IF_THERE",
    IF_DOCKER: "IF_DOCKER",
    PULL: "PULL",
    LATER: "LATER",
    FORM: "FORM",
    f"{DIR}/docker-compose.yml": "COMPOSE",
    f"{DIR}/registry-config.yml": "CONFIG",
}
CALL = f"docker compose -p runnerops -f COMPOSE --project-directory {DIR}"


def as_asked(
    here: Host, name: str = "dockerhub", image: str = "registry:3.0.0", listen: str = "172.17.0.1:5000"
) -> str:
    """The look at a container of the shipped template."""
    address, _, port = listen.rpartition(":")
    lines = (
        "state running",
        f"image {image}",
        "restart always",
        'command ["serve","/etc/runnerops/registry-config.yml"]',
        f'ports {{"5000/tcp":[{{"HostIp":"{address}","HostPort":"{port}"}}]}}',
        "logs json-file log max-size=10m log max-file=3",
        f"label {label_of(here, name)}",
        "mount /etc/runnerops/registry-config.yml=",
        f"mount /var/lib/registry=runnerops-{name}",
        "env OTEL_TRACES_EXPORTER=none",
    )
    return f"await 15 =as configured sh cache-as-configured.sh {name} FORM {' '.join(lines)}"


class StepLines:
    """The steps of one plan as lines."""

    def __init__(
        self, observed: HostState, this_host: Host, *before: Action, policy: Policy = POLICY, value: str = "s3cret"
    ) -> None:
        differences = changes(REGISTRY, this_host, render_file(this_host, value), observed)
        action = REGISTRY.minimal_action(this_host, differences, observed, policy, before)
        assert action
        self.names: dict[str, str] = {}
        for change in differences:
            self.names |= {sha256(change.old.content): "OLD", sha256(change.new.content): "NEW"}
        self.action_steps: ActionSteps = REGISTRY.action_steps(
            ActionRequest(this_host, action, differences, observed, policy, 42, False)
        )
        self.guard, self.fetch, self.validate = map(
            self.lines, (self.action_steps.guard, self.action_steps.fetch, self.action_steps.validate)
        )
        self.forward, self.rollback = map(self.lines, (self.action_steps.forward, self.action_steps.rollback))
        for step in (
            *self.action_steps.guard,
            *self.action_steps.fetch,
            *self.action_steps.validate,
            *self.action_steps.forward,
            *self.action_steps.rollback,
        ):
            assert all(arg and arg.isprintable() for arg in step.args), step

    def lines(self, steps: Sequence[Step]) -> list[str]:
        return [
            " ".join((step.verb, *(SHORT.get(arg, self.names.get(arg, arg)) for arg in step.args))) for step in steps
        ]


def test_a_first_deploy_that_fails_leaves_nothing() -> None:
    this_host = host({}, [ONE])
    planned = StepLines(state({}, engine(), registry_facts=compose_facts()), this_host)
    assert planned.guard == []
    assert planned.fetch == ["run 600 docker pull -q registry:3.0.0"]
    staged = f"{DIR}/.docker-compose.yml.runnerops.{sha256(render_file(this_host)[-1].content)[:12]}"
    call = f"run 30 docker compose -p runnerops -f {staged} --project-directory {DIR}"
    assert planned.validate == [f"{call} config -q", f"{call} ps -q"]
    assert planned.forward == [
        "intend registry up 42 none",
        "swap CONFIG OLD NEW",
        "swap COMPOSE OLD NEW",
        "run 10 test -f CONFIG",
        f"run 120 {CALL} up -d --remove-orphans",
        f"await 60 ok {PROBE}",
        as_asked(this_host),
        "run 30 sh cache-upstream.sh --compare dockerhub http://172.17.0.1:5000 library/alpine",
        "complete registry",
    ]
    assert planned.rollback == [
        f"run 60 sh -c IF_THERE sh COMPOSE {CALL} down",
        "swap CONFIG NEW OLD",
        "swap COMPOSE NEW OLD",
        "complete registry",
    ]


def answering(observed: HostState) -> HostState:
    return with_registry(observed, compose_facts(answers={"http://172.17.0.1:5000": True}))


def test_compose_itself_recreates_a_cache_whose_key_changed() -> None:
    this_host = host({}, [{**ONE, "ttl": "24h"}])
    planned = StepLines(answering(deployed(ONE)), this_host)
    assert planned.guard == [f"guard {'1' * 64} docker ps -aq --no-trunc {FILTERS}"]
    assert planned.fetch == []
    assert planned.forward == [
        f"intend registry up 42 {'1' * 12}",
        "swap CONFIG OLD NEW",
        "swap COMPOSE OLD NEW",
        "run 10 test -f CONFIG",
        f"run 120 {CALL} up -d --remove-orphans",
        f"await 60 ok {PROBE}",
        as_asked(this_host),
        "await 60 =same sh cache-upstream.sh --compare dockerhub http://172.17.0.1:5000 library/alpine",
        "complete registry",
    ]
    assert planned.validate[-1] == "run 40 sh cache-upstream.sh --note dockerhub http://172.17.0.1:5000 library/alpine"
    assert planned.rollback == [
        "swap CONFIG NEW OLD",
        "swap COMPOSE NEW OLD",
        f"run 120 {CALL} up -d --remove-orphans",
        f"await 60 ok {PROBE}",
        "await 15 =as configured sh cache-as-configured.sh dockerhub FORM state running",
        "complete registry",
    ]


def test_a_changed_secret_is_recreated_there_and_back() -> None:
    with_login = {**ONE, "username": "acme", "password": secret()}
    planned = StepLines(deployed(with_login, value="old"), host({}, [with_login]), value="new")
    assert planned.forward[:5] == [
        f"intend registry recreate 42 {'1' * 12}",
        "swap CONFIG OLD NEW",
        "run 10 test -f CONFIG",
        f"run 120 {CALL} up -d --remove-orphans --force-recreate --no-deps dockerhub",
        f"await 60 ok {PROBE}",
    ]
    assert planned.rollback == [
        "swap CONFIG NEW OLD",
        f"run 120 {CALL} up -d --remove-orphans --force-recreate --no-deps dockerhub",
        f"run 120 {CALL} up -d --remove-orphans",
        "complete registry",
    ]


def test_only_the_cache_that_changed_is_verified() -> None:
    planned = StepLines(deployed(ONE, TWO), host({}, [ONE, {**TWO, "ttl": "24h"}]))
    probes = [line for line in planned.forward if line.startswith("await 60")]
    assert probes == ["await 60 ok curl -fsS --noproxy * -m 5 -o /dev/null http://192.0.2.10:5001/v2/"]


def test_a_new_upstream_is_not_compared_with_the_old_one() -> None:
    planned = StepLines(answering(deployed(ONE)), host({}, [{**ONE, "upstream": "https://mirror.example.com"}]))
    assert not any("--note" in line for line in planned.validate)
    assert "run 30 sh cache-upstream.sh --compare dockerhub http://172.17.0.1:5000 library/alpine" in planned.forward


def test_a_forced_recreation_shows_another_container() -> None:
    with_login = {**ONE, "username": "acme", "password": secret()}
    planned = StepLines(deployed(with_login, value="old"), host({}, [with_login]), value="new")
    assert f"await 15 =another sh cache-replaced.sh {'1' * 64} {FILTERS}" in planned.forward


def test_what_its_containers_say_is_looked_at_when_it_fails() -> None:
    planned = StepLines(deployed(ONE), host({}, [{**ONE, "ttl": "24h"}]))
    (step,) = planned.action_steps.diagnostics
    assert step.args[-5:] == ("dockerhub", *FILTERS.split())


def test_a_cache_that_goes_is_an_orphan_and_keeps_its_volume() -> None:
    observed = deployed(ONE, TWO)
    observed = replace(observed, applied={path: sha256(file.content) for path, file in observed.files.items()})
    planned = StepLines(observed, host({}, [ONE]))
    config = f"{DIR}/registry-config.quay.io.yml"
    assert [line for line in planned.forward if not line.startswith("await")] == [
        "intend registry up 42 none",
        "swap COMPOSE OLD NEW",
        f"swap {config} OLD NEW",
        "run 10 test -f CONFIG",
        f"run 120 {CALL} up -d --remove-orphans",
        "complete registry",
    ]


def test_the_last_cache_goes_with_the_compose_file() -> None:
    observed = deployed(ONE)
    observed = replace(observed, applied={path: sha256(file.content) for path, file in observed.files.items()})
    planned = StepLines(observed, host({}, []))
    assert planned.forward == [
        "intend registry up 42 none",
        f"run 60 sh -c IF_THERE sh COMPOSE {CALL} down",
        "swap CONFIG OLD NEW",
        "swap COMPOSE OLD NEW",
        "complete registry",
    ]
    assert planned.rollback == [
        "swap CONFIG NEW OLD",
        "swap COMPOSE NEW OLD",
        f"run 120 {CALL} up -d --remove-orphans",
        "complete registry",
    ]


def test_with_docker_down_the_image_is_pulled_after_docker_started() -> None:
    this_host = host({}, [ONE])
    planned = StepLines(state({}, engine(active="inactive"), registry_facts=compose_facts()), this_host, RESTART)
    assert (planned.guard, planned.fetch) == ([], [])
    assert planned.forward[:3] == [
        "intend registry up 42 none",
        "run 600 sh -c PULL sh registry:3.0.0",
        "swap CONFIG OLD NEW",
    ]


def test_with_docker_down_the_rollback_does_not_need_it() -> None:
    this_host = host({}, [ONE])
    files = {file.spec.path: file.content or b"" for file in render_file(this_host)}
    planned = StepLines(state(files, engine(active="inactive"), registry_facts=compose_facts()), this_host, RESTART)
    assert planned.rollback == [f"run 120 sh -c IF_DOCKER sh {CALL} up -d --remove-orphans", "complete registry"]


@pytest.mark.parametrize(
    ("kind", "allow", "judged"),
    [
        ("come_back", frozenset(), True),
        ("keep_running", frozenset(), False),
        ("come_back", frozenset({"upstream-down"}), False),
    ],
)
def test_a_docker_restart_is_verified_as_a_registry_restart(kind: str, allow: frozenset[str], judged: bool) -> None:
    docker = replace(RESTART, containers={kind: ("runnerops-dockerhub-1",)})
    planned = StepLines(answering(deployed(ONE)), host({}, [ONE]), docker, policy=Policy(allow=allow))
    upstream = "await 10 ok curl -sS -m 5 -o /dev/null https://registry-1.docker.io/v2/"
    assert planned.validate == ([upstream] if judged else [])
    assert planned.forward == [f"await 60 ok {PROBE}", as_asked(host({}, [ONE]))]
    assert planned.rollback == []


def test_a_port_that_docker_left_dead_is_repaired_before_the_rollback_is_checked() -> None:
    """A daemon that comes back may show a container as running that nothing reaches."""
    changed = host({}, [{**ONE, "ttl": "1h"}])
    planned = StepLines(answering(deployed(ONE)), changed, RESTART)
    cured = f"run 120 sh cache-answers-again.sh dockerhub 60 {PROBE}"
    judged = next(line for line in planned.rollback if "cache-as-configured.sh" in line)
    assert planned.rollback[planned.rollback.index(judged) - 1] == cured
    assert planned.lines(planned.action_steps.rollback_checks) == [cured], "also where this phase had not begun"
    alone = StepLines(answering(deployed(ONE)), changed)
    assert f"await 60 ok {PROBE}" in alone.rollback
    assert cured not in alone.rollback


def test_a_cache_that_runs_is_not_ended_before_its_upstream_was_asked() -> None:
    intents = (Intent(ServiceName.REGISTRY, Verb.RECREATE, 7, "1" * 12),)
    upstream = "await 10 ok curl -sS -m 5 -o /dev/null https://registry-1.docker.io/v2/"
    assert upstream in StepLines(deployed(ONE, intents=intents), host({}, [ONE])).validate
    changed = host({}, [{**ONE, "ttl": "1h"}])
    observed = deployed(ONE)
    rendered = compose_facts(upstreams={"dockerhub": True})
    planned = StepLines(replace(observed, facts=replace(observed.facts, registry=rendered)), changed)
    assert upstream not in planned.validate, "asked while the host was observed"


def test_a_cache_that_did_not_answer_before_is_not_waited_for() -> None:
    assert StepLines(deployed(ONE), host({}, [ONE]), RESTART).forward == []


def test_a_cache_that_comes_later_is_reported_and_not_waited_for() -> None:
    """Its upstream does not answer, and somebody said that this does not matter."""
    observed = state({}, engine(), registry_facts=compose_facts(upstreams={"dockerhub": False}))
    planned = StepLines(observed, host({}, [ONE]), policy=Policy(allow=frozenset({"upstream-down"})))
    assert not any("await" in line for line in planned.forward)
    text = "cache dockerhub does not run yet: https://registry-1.docker.io does not answer; it starts once that does"
    assert planned.forward[-2:] == [f"run 10 sh -c LATER sh {text}", "complete registry"]
    assert any("await 60" in line for line in StepLines(observed, host({}, [ONE])).forward)


def test_every_cache_is_verified_in_the_same_way() -> None:
    planned = StepLines(state({}, engine(), registry_facts=compose_facts()), host({}, [ONE, TWO]))
    proofs = [line.partition(" sh ")[0] for line in planned.forward if line.startswith("await")]
    second = PROBE.replace("172.17.0.1:5000", "192.0.2.10:5001")
    assert proofs == [
        f"await 60 ok {PROBE}",
        "await 15 =as configured",
        f"await 60 ok {second}",
        "await 15 =as configured",
    ]


def test_a_cache_that_does_not_answer_is_recreated_first_and_the_rest_follows() -> None:
    """A call without force would end with an error where its network is gone."""
    dead = with_registry(deployed(ONE, TWO), compose_facts(answers={"http://172.17.0.1:5000": False}))
    planned = StepLines(dead, host({}, [ONE, TWO]))
    ups = [line for line in planned.forward if " up -d" in line]
    assert ups == [
        f"run 120 {CALL} up -d --remove-orphans --force-recreate --no-deps dockerhub",
        f"run 120 {CALL} up -d --remove-orphans",
    ]
    assert planned.rollback == [f"run 120 {CALL} up -d --remove-orphans quay.io", "complete registry"]
    dead = with_registry(deployed(ONE), compose_facts(answers={"http://172.17.0.1:5000": False}))
    assert StepLines(dead, host({}, [ONE])).rollback == ["complete registry"], "nothing worked before"


def test_the_rollback_of_another_volume_shows_the_old_one() -> None:
    have = answering(deployed(ONE))
    docker = have.facts.docker
    assert docker
    mounts = {"/var/lib/registry": "runnerops-dockerhub"}
    facts = replace(docker, containers=tuple(replace(container, mounts=mounts) for container in docker.containers))
    planned = StepLines(replace(have, facts=replace(have.facts, docker=facts)), host({}, [{**ONE, "volume": "other"}]))
    forced = f"run 120 {CALL} up -d --remove-orphans --force-recreate --no-deps dockerhub"
    shown = "cache-as-configured.sh dockerhub FORM state running mount /var/lib/registry=runnerops-dockerhub"
    assert forced in planned.forward
    assert planned.rollback[1] == forced
    assert planned.rollback[-2] == f"await 15 =as configured sh {shown}"


def test_another_network_is_made_after_the_old_one_went() -> None:
    observed = deployed(ONE)
    path = f"{DIR}/docker-compose.yml"
    old = (observed.file(path).content or b"") + b"networks: {default: {driver_opts: {a: b}}}\n"
    observed = replace(observed, files={**observed.files, path: replace(observed.file(path), content=old)})
    down = f"run 60 sh -c IF_THERE sh COMPOSE {CALL} down"
    planned = StepLines(observed, host({}, [ONE]))
    assert planned.forward[1:4] == [down, "swap COMPOSE OLD NEW", "run 10 test -f CONFIG"]
    assert planned.rollback[:2] == [down, "swap COMPOSE NEW OLD"]


OLD_COMPOSE = {"compose": ("docker-compose",), "compose_version": "1.29.2"}


def test_other_containers_are_removed_for_a_compose_that_cannot_recreate() -> None:
    call = CALL.replace("docker compose", "docker-compose")
    planned = StepLines(with_registry(deployed(ONE), compose_facts(**OLD_COMPOSE)), host({}, [{**ONE, "ttl": "24h"}]))
    assert planned.forward[4:6] == [
        f"run 60 sh cache-remove-others.sh none {FILTERS}",
        f"run 120 {call} up -d --no-recreate --remove-orphans",
    ]
    assert planned.rollback[2:4] == [
        f"run 60 sh cache-remove-others.sh {'1' * 64} {FILTERS}",
        f"run 120 {call} up -d --no-recreate --remove-orphans",
    ]


def test_compose_1_is_called_in_the_same_way() -> None:
    observed = state({}, engine(), registry_facts=replace(compose_facts(), compose=("docker-compose",)))
    up = next(line for line in StepLines(observed, host({}, [ONE])).forward if " up -d" in line)
    assert up == f"run 120 docker-compose -p runnerops -f COMPOSE --project-directory {DIR} up -d --remove-orphans"


def test_an_unfinished_action_is_unfinished_again_after_a_rollback() -> None:
    intents = (Intent(REGISTRY.NAME, Verb.RECREATE, 41, "1" * 12),)
    planned = StepLines(deployed(ONE, intents=intents), host({}, [{**ONE, "ttl": "24h"}]))
    assert planned.rollback[-1] == f"intend registry recreate 41 {'1' * 12}"


def test_two_containers_of_one_cache_are_not_guarded_by_one_id() -> None:
    this_host: Host = host({}, [{**ONE, "ttl": "24h"}])
    observed = deployed(ONE)
    docker: Any = observed.facts.docker
    twin = our_container(id="9" * 64, running=False)
    observed = replace(
        observed, facts=replace(observed.facts, docker=replace(docker, containers=(*docker.containers, twin)))
    )
    assert StepLines(observed, this_host).guard == []


def test_a_cache_in_sync_needs_no_action() -> None:
    assert REGISTRY.minimal_action(host({}, [ONE]), (), deployed(ONE), POLICY, ()) is None
    assert ServiceName.REGISTRY is REGISTRY.NAME
    assert cache() == ONE
