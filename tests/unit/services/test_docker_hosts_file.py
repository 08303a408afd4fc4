"""A hosts.toml below /etc/docker/certs.d: found by the script, and told of where the daemon reads it before its mirrors."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from importlib.resources import files as package_files
from pathlib import Path

import pytest

from runnerops.engine.verify import assess, pull_tests
from runnerops.model.host_state import DockerFacts, DockerStore, Facts, HostsFile
from runnerops.services import DOCKER
from runnerops.services.base import Answer
from runnerops.services.docker.observe.hosts_file import over_mirrors
from runnerops.services.verify import Evidence, Probe
from tests.shells import SHELLS
from tests.unit.services.builders import ARGV, BRIDGE, daemon, engine, host, state

URL = f"http://{BRIDGE}:5000"
CERTS = "etc/docker/certs.d"
PATH = f"/{CERTS}/docker.io/hosts.toml"
FOUND = HostsFile(PATH, ("https://mirror.corp.example",))
STORE = DockerStore("/var/lib/docker", "overlayfs", containerd=True)


def facts(text: str) -> DockerFacts:
    unit = "LoadState=loaded\nActiveState=active\nMainPID=712\n"
    given = {
        "docker_unit": unit,
        "docker_argv": "\n".join(ARGV),
        "docker_where": "/usr/bin/docker",
        "docker_hosts": text,
    }
    found = DOCKER.facts(Facts(), {name: Answer(0, said.encode()) for name, said in given.items()}).docker
    assert found
    return found


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, None),
        (
            {"docker.io/ca.crt": "x", "_default/hosts.toml": '[host."http://a"]'},
            None,
        ),  # a folder of its own counts alone
        ({"docker.io/hosts.toml": 'server = "https://registry-1.docker.io"\n'}, None),
        ({"docker.io/hosts.toml": '# [host."http://a"]\n'}, None),
        ({"ghcr.io/hosts.toml": '[host."http://a"]\n'}, None),
        (
            {"docker.io/hosts.toml": '  [host."http://a:5000"]\n  [host."http://a:5000".header]\n  x = "y"\n'},
            ("docker.io", "http://a:5000"),
        ),
        ({"_default/hosts.toml": "[ host . 'http://a' ]\n[host.\"b\"]"}, ("_default", "http://a", "b")),
        ({"docker.io/hosts.toml": 'host."http://a" = {capabilities = ["pull"]}\n'}, ("docker.io", "http://a")),
    ],
    ids=["none", "certificates", "server", "comment", "another", "host", "default", "inline"],
)
def test_the_file_is_found_by_what_it_names(
    shell: tuple[str, ...], files: dict[str, str], found: tuple[str, ...] | None, tmp_path: Path
) -> None:
    for name, text in files.items():
        path = tmp_path / CERTS / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    frame = package_files("runnerops.remote").joinpath("observe.sh").read_text()
    script = f"{frame}\n{DOCKER.OBSERVE}\nroot={tmp_path}\ndocker_hosts\n"
    done = subprocess.run([*shell], input=script, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    expected = HostsFile(f"/{CERTS}/{found[0]}/hosts.toml", found[1:]) if found else None
    assert facts(done.stdout).hosts_file == expected


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
def test_it_beats_mirrors_that_it_does_not_name_where_it_is_read(
    version: str, mirrors: tuple[str, ...], hosts: tuple[str, ...], containerd: bool, beats: bool
) -> None:
    there = replace(engine(version), hosts_file=replace(FOUND, hosts=hosts))
    assert (over_mirrors(mirrors, there, containerd=containerd) is not None) is beats
    assert over_mirrors(mirrors, engine(version), containerd=containerd) is None


def test_verify_fails_and_pulls_nothing_past_the_caches() -> None:
    there = replace(engine("29.7.2", mirrors=(URL,), store=STORE), hosts_file=FOUND)
    evidence = Evidence(state(docker_facts=there), Probe("alpine:3", "library/alpine", "3", "m"), {
        f"registry_code/{URL}": Answer(0, b"200 0")
    })  # fmt: skip
    here = host({"registry-mirrors": [URL]})
    checks = {check.name: check for check in assess(here, evidence)}
    assert checks["mirror-asked"].state == "fail"
    assert PATH in checks["mirror-asked"].reason
    assert checks["mirror-asked"].fix == f"on h1: mv {PATH} {PATH}.off, or name the mirror in it"
    assert pull_tests(here, evidence) == []
    assert PATH in checks["pull"].reason
    without = replace(evidence, observed=state(docker_facts=replace(there, hosts_file=None)))
    assert "mirror-asked" not in {check.name for check in assess(here, without)}
    assert pull_tests(here, without)


@pytest.mark.parametrize(
    ("version", "store", "section", "told"),
    [
        ("29.7.2", STORE, {}, True),
        ("28.5.2", replace(STORE, containerd=False, driver="overlay2"), {}, False),
        ("28.5.2", replace(STORE, containerd=False), {"features": {"containerd-snapshotter": True}}, True),
        ("29.7.2", STORE, {"registry-mirrors": []}, False),
    ],
)
def test_a_plan_names_the_file_where_it_counts_after_the_deploy(
    version: str, store: DockerStore, section: dict[str, object], told: bool
) -> None:
    there = replace(
        engine(version, mirrors=(URL,), store=store), hosts_file=replace(FOUND, hosts=("https://u:pw@x.example",))
    )
    wanted = {"registry-mirrors": [URL], **section}
    notes = list(DOCKER.remarks(host(wanted), [daemon(wanted)], (), state(docker_facts=there)))  # type: ignore[arg-type]
    assert [PATH in note for note in notes] == ([True] if told else [])
    assert "pw" not in "".join(notes)
