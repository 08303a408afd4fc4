"""A hosts.toml below /etc/docker/certs.d is reported if the daemon reads it before its mirrors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnerops.engine.verify.pull_path import assess, pull_tests
from runnerops.model.answers import Answer
from runnerops.model.facts import DockerStore, HostsFile
from runnerops.services import DOCKER
from runnerops.services.docker.observe.hosts_file import over_mirrors
from runnerops.services.verify import Evidence, Probe
from tests.unit.services.builders import BRIDGE, daemon, engine, host, state

URL = f"http://{BRIDGE}:5000"
CERTS = "etc/docker/certs.d"
PATH = f"/{CERTS}/docker.io/hosts.toml"
FOUND = HostsFile(PATH, ("https://mirror.corp.example",))
STORE = DockerStore("/var/lib/docker", "overlayfs", containerd=True)


@pytest.mark.parametrize(
    ("version", "mirrors", "hosts", "containerd", "beats"),
    [
        ("28.0.0", (URL,), FOUND.hosts, True, True),
        ("29.7.2", (URL,), FOUND.hosts, True, True),
        ("29.7.2", (URL,), FOUND.hosts, False, False),
        ("27.5.1", (URL,), FOUND.hosts, True, False),
        ("29.7.2", (), FOUND.hosts, True, False),
        ("29.7.2", (URL,), (f"{URL}/", *FOUND.hosts), True, False),
        ("29.7.2", (URL,), (f"{BRIDGE}:5000",), True, False),
        ("29.7.2", (URL, "http://192.0.2.9:1"), (URL,), True, True),
    ],
)
def test_a_hosts_file_overrides_mirrors_that_it_does_not_name(
    version: str, mirrors: tuple[str, ...], hosts: tuple[str, ...], containerd: bool, beats: bool
) -> None:
    docker = replace(engine(version), hosts_file=replace(FOUND, hosts=hosts))
    assert (over_mirrors(mirrors, docker, containerd=containerd) is not None) is beats
    assert over_mirrors(mirrors, engine(version), containerd=containerd) is None


def test_verify_fails_and_pulls_nothing_past_the_caches() -> None:
    docker = replace(engine("29.7.2", mirrors=(URL,), store=STORE), hosts_file=FOUND)
    evidence = Evidence(state(docker_facts=docker), Probe("alpine:3", "library/alpine", "3", "m"), {
        f"registry_code/{URL}": Answer(0, b"200 0")
    })  # fmt: skip
    this_host = host({"registry-mirrors": [URL]})
    checks = {check.name: check for check in assess(this_host, evidence)}
    assert checks["mirror-asked"].state == "fail"
    assert PATH in checks["mirror-asked"].reason
    assert checks["mirror-asked"].fix == f"on h1: mv {PATH} {PATH}.off, or name the mirror in it"
    assert pull_tests(this_host, evidence) == []
    assert PATH in checks["pull"].reason
    without = replace(evidence, observed=state(docker_facts=replace(docker, hosts_file=None)))
    assert "mirror-asked" not in {check.name for check in assess(this_host, without)}
    assert pull_tests(this_host, without)


@pytest.mark.parametrize(
    ("version", "store", "section", "is_told"),
    [
        ("29.7.2", STORE, {}, True),
        ("28.5.2", replace(STORE, containerd=False, driver="overlay2"), {}, False),
        ("28.5.2", replace(STORE, containerd=False), {"features": {"containerd-snapshotter": True}}, True),
        ("29.7.2", STORE, {"registry-mirrors": []}, False),
    ],
)
def test_a_plan_names_the_file_where_it_counts_after_the_deploy(
    version: str, store: DockerStore, section: dict[str, object], is_told: bool
) -> None:
    docker = replace(
        engine(version, mirrors=(URL,), store=store), hosts_file=replace(FOUND, hosts=("https://u:pw@x.example",))
    )
    wanted = {"registry-mirrors": [URL], **section}
    notes = list(DOCKER.remarks(host(wanted), [daemon(wanted)], (), state(docker_facts=docker)))  # type: ignore[arg-type]
    assert [PATH in note for note in notes] == ([True] if is_told else [])
    assert "pw" not in "".join(notes)
