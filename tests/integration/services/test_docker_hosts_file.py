"""The script finds a hosts.toml below /etc/docker/certs.d by its content, under each shell."""

from __future__ import annotations

import subprocess
from importlib.resources import files as package_files
from pathlib import Path

import pytest

from runnerops.model.answers import Answer
from runnerops.model.facts import DockerFacts, Facts, HostsFile
from runnerops.services import DOCKER
from tests.shells import SHELLS
from tests.unit.services.builders import ARGV

CERTS = "etc/docker/certs.d"


def facts(text: str) -> DockerFacts:
    unit = "LoadState=loaded\nActiveState=active\nMainPID=712\n"
    given = {
        "docker_unit": unit,
        "docker_argv": "\n".join(ARGV),
        "docker_where": "/usr/bin/docker",
        "docker_hosts": text,
    }
    docker = DOCKER.facts(Facts(), {name: Answer(0, text.encode()) for name, text in given.items()}).docker
    assert docker
    return docker


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("files", "texts"),
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
    shell: tuple[str, ...], files: dict[str, str], texts: tuple[str, ...] | None, tmp_path: Path
) -> None:
    for name, text in files.items():
        path = tmp_path / CERTS / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    frame = package_files("runnerops.remote").joinpath("observe.sh").read_text()
    script = f"{frame}\n{DOCKER.OBSERVE}\nroot={tmp_path}\ndocker_hosts\n"
    completed = subprocess.run([*shell], input=script, capture_output=True, text=True, check=True)
    assert completed.stderr == ""
    expected = HostsFile(f"/{CERTS}/{texts[0]}/hosts.toml", texts[1:]) if texts else None
    assert facts(completed.stdout).hosts_file == expected
