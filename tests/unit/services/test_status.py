"""The state of each service on a host as `status` shows it, and the content of a cache as `catalog` shows it."""

from __future__ import annotations

import json
from dataclasses import replace

from runnerops.model.answers import Answer
from runnerops.model.common import ABSENT, ServiceName, Verb
from runnerops.model.host_state import Intent, Run
from runnerops.model.inventory import Requester
from runnerops.report.status import status_document, status_lines
from runnerops.report.status_of_many import HostStatus, many_status_lines
from runnerops.services.providers import STATUS_PROVIDERS
from runnerops.services.registry.verify.catalog import holdings, questions
from runnerops.services.status import ServiceStatus
from tests.unit.services.builders import (
    BRIDGE,
    DAEMON,
    cache,
    compose_facts,
    container,
    engine,
    host,
    our_container,
    runner,
    state,
)

URL = f"http://{BRIDGE}:5000"
HERE = host({}, [cache()])
ANSWERS = compose_facts(answers={URL: True})


def standings(here: object = HERE, answers: object = None, **keys: object) -> dict[str, ServiceStatus]:
    observed = state(**keys)  # type: ignore[arg-type]
    statuses = [status for stands in STATUS_PROVIDERS if (status := stands.status(here, observed, answers or {}))]  # type: ignore[arg-type]
    return {status.service.value: status for status in statuses}


def test_a_host_whose_services_run_is_healthy() -> None:
    docker = engine(mirrors=(URL,), live=True, containers=[our_container()])
    statuses = standings(docker_facts=docker, registry_facts=ANSWERS, runner_facts=runner(jobs=2))
    assert all(status.healthy for status in statuses.values())
    assert statuses["docker"].details == (f"mirror {URL}", "live-restore", "1 container")
    assert statuses["registry"].state == "1 of 1 up"
    assert statuses["registry"].details == (f"dockerhub: registry:3.0.0 answers on {BRIDGE}:5000",)
    assert statuses["gitlab_runner"].details == ("2 jobs",)
    assert not statuses["gitlab_runner"].managed


def test_a_service_that_does_not_run_is_unhealthy() -> None:
    statuses = standings(
        docker_facts=engine(active="failed"), registry_facts=ANSWERS, runner_facts=runner(active="inactive")
    )
    assert not any(status.healthy for status in statuses.values())
    assert statuses["docker"].state == "failed"
    assert statuses["registry"].details == ("dockerhub: docker does not answer",)
    assert statuses["gitlab_runner"].state == "inactive"
    stopped = standings(docker_facts=engine(containers=[our_container(running=False)]), registry_facts=ANSWERS)
    assert stopped["registry"].details == ("dockerhub: registry:3.0.0, stopped",)
    deaf = standings(docker_facts=engine(containers=[our_container()]), registry_facts=compose_facts())
    assert deaf["registry"].details == (f"dockerhub: registry:3.0.0 does not answer on {BRIDGE}:5000",)
    missing = standings(docker_facts=engine(containers=[container("web")]), registry_facts=compose_facts())
    assert missing["registry"].details == ("dockerhub: no container",)


def test_a_full_volume_and_a_unit_that_does_not_start_at_boot_do_not_work() -> None:
    docker = engine(mirrors=(URL,), containers=[our_container()])
    room = {"registry_space/dockerhub": Answer(0, b"104857600 62914560\n100 90\n")}
    statuses = standings(answers=room, docker_facts=docker, registry_facts=ANSWERS)
    assert statuses["registry"].healthy
    assert statuses["registry"].details[0].endswith(", 60.0 of 100.0 GiB free")
    room = {"registry_space/dockerhub": Answer(0, b"104857600 1000\n")}
    assert not standings(answers=room, docker_facts=docker, registry_facts=ANSWERS)["registry"].healthy
    off = runner()
    for enabled, healthy in (("enabled", True), ("static", True), ("disabled", False), ("masked-runtime", False)):
        unit = replace(off.unit, enabled=enabled)
        stand = standings(runner_facts=replace(off, unit=unit), docker_facts=docker)["gitlab_runner"]
        assert stand.healthy is healthy
        assert any("does not start at boot" in word for word in stand.details) is not healthy


def test_a_service_that_is_missing_is_not_there() -> None:
    assert standings(host()) == {}
    assert standings()["docker"].state == "not there"
    assert not standings()["docker"].healthy


def test_a_section_that_went_leaves_its_files() -> None:
    applied = {
        DAEMON: "1" * 64,
        "/opt/registry/docker-compose.yml": "2" * 64,
        "/etc/gitlab-runner/config.toml": "3" * 64,
    }
    statuses = standings(host(), docker_facts=engine(containers=[our_container()]), applied=applied)
    assert statuses["docker"].leftover_files == (DAEMON,)
    assert statuses["registry"].leftover_files == ("/opt/registry/docker-compose.yml",)
    assert statuses["registry"].details == ("dockerhub: a container without a cache in the inventory",)
    assert statuses["gitlab_runner"].leftover_files == ("/etc/gitlab-runner/config.toml",)
    assert not any(status.leftover_files for status in standings(HERE, applied=applied).values() if status.managed)
    assert "docker" not in standings(host(), applied={DAEMON: ABSENT})


def test_the_status_of_a_host_as_text() -> None:
    observed = state(docker_facts=engine(mirrors=(URL,)), intents=(Intent(ServiceName.DOCKER, Verb.RESTART, 6, "x"),))
    run = Run(7, Requester("anna", "laptop", "1a2b3c4d5e6f7890"), "", "applied", running=False)
    observed = replace(observed, last=run, applied={"/opt/registry/docker-compose.yml": "2" * 64})
    this_host = host({})
    statuses = [status for stands in STATUS_PROVIDERS if (status := stands.status(this_host, observed, {}))]
    lines = "\n".join(text for _, text in status_lines("h1", observed, statuses))
    assert lines.startswith("h1: run 7 applied by anna on laptop, commit 1a2b3c4d5e6f\n")
    assert lines.count("not managed") == 1
    assert "  unfinished: restart docker since run 6" in lines
    assert "no longer managed: /opt/registry/docker-compose.yml" in lines
    document = json.loads(json.dumps(status_document("h1", observed, statuses)))
    assert document["last_run"]["end"] == "applied"
    assert document["unfinished"] == [{"service": "docker", "verb": "restart", "run": 6}]
    assert document["last_run"]["result"] == "applied"
    assert "pending" not in document
    assert status_document("h1", observed, statuses, pending=True)["pending"] is True
    assert "  changes are pending: runnerops diff h1" in [
        text for _, text in status_lines("h1", observed, statuses, pending=True)
    ]
    drained = replace(run, result="rolled-back", drained=True)
    for ended in (drained, replace(run, result="interrupted")):
        assert next(status_lines("h1", replace(observed, last=ended), []))[1].startswith("h1: run 7 failed")
    alive = replace(observed, last=replace(run, number=8, result="", running=True))
    assert "runnerops history h1 --follow" in "\n".join(text for _, text in status_lines("h1", alive, statuses))
    assert "no run yet" in next(status_lines("h1", state(), []))[1]


def status_of(number: int, *, jobs: int = 0, free: int = 60, **last: object) -> HostStatus:
    name = f"ci-{number}"
    run = Run(number, Requester("anna", "laptop"), "", "applied", running=False, started_at=1_782_000_000 + number)
    docker = engine(
        mirrors=(URL,), containers=[our_container(), *(container(f"job{number}") for number in range(jobs))]
    )
    observed = state(docker_facts=docker, registry_facts=ANSWERS, runner_facts=runner(jobs=jobs))
    observed = replace(observed, last=replace(run, **last))  # type: ignore[arg-type]
    room = {"registry_space/dockerhub": Answer(0, f"104857600 {free << 20}\n100 90\n".encode())}
    statuses = [status for stands in STATUS_PROVIDERS if (status := stands.status(HERE, observed, room))]
    return HostStatus(name, f"192.0.2.{number}", observed, statuses)


def test_hosts_with_the_same_status_are_shown_as_one_with_what_differs() -> None:
    every = [status_of(1, jobs=2), status_of(2, free=50), status_of(3, result="rolled-back"), status_of(4, jobs=1)]
    lines = [" ".join(text.split()) for _, text in many_status_lines(every)]
    answers_there = f"dockerhub: registry:3.0.0 answers on {BRIDGE}:5000, 50.0 to 60.0 of 100.0 GiB free"
    assert lines[:7] == [
        "3 hosts alike: ci-1, ci-2, ci-4",
        "run RUN applied TIME by anna on laptop",
        f"docker 26.1.5 active mirror {URL}, no live-restore, 1 to 3 containers",
        f"registry Compose 2.26.1 1 of 1 up {answers_there}",
        "gitlab-runner 19.3.0 active 0 to 2 jobs, not managed",
        "RUN and TIME: each host's own",
        "jobs: ci-1 2, ci-4 1",
    ]
    assert lines[7].startswith("ci-3: run 3 rolled-back ")
    assert [*many_status_lines(every, apart=True)] == [line for host_status in every for line in host_status.lines]


def test_two_hosts_with_the_same_status_are_shown_one_after_the_other() -> None:
    every = [status_of(1, jobs=2), status_of(2)]
    assert [*many_status_lines(every)] == [line for host_status in every for line in host_status.lines]


def answers(**texts: str) -> dict[str, Answer]:
    return {name.replace("__", "/"): Answer(0, text.encode()) for name, text in texts.items()}


def test_what_a_cache_holds() -> None:
    assert questions(HERE, tags=True) == (("catalog_registry", "dockerhub", URL, "yes"),)
    assert questions(host({}), tags=False) == ()
    host_answers = answers(
        registry_code__dockerhub="200 0",
        registry_catalog__dockerhub='{"repositories":["library/b"]}\n{"repositories":["library/a","org/x"]}',
    )
    (held,) = holdings(HERE, host_answers)
    assert held.repositories == ("library/a", "library/b", "org/x")
    assert held.tags is None
    tags = answers(
        registry_tags__dockerhub="./library/a/_manifests/tags/3\n./library/a/_manifests/tags/2\n./org/x/_manifests/tags/1"
    )
    (held,) = holdings(HERE, {**host_answers, **tags})
    assert held.tags == {"library/a": ("2", "3"), "org/x": ("1",)}


def test_a_cache_that_does_not_tell() -> None:
    (held,) = holdings(HERE, answers(registry_code__dockerhub="000 7"))
    assert held.problem == "the connection is refused"
    (held,) = holdings(HERE, answers(registry_code__dockerhub="200 0"))
    assert held.problem == "it does not list its content"
