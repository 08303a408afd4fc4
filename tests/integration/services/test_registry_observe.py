"""The questions about caches, under each shell."""

from __future__ import annotations

import hashlib
import subprocess
from importlib.resources import files as package_files
from pathlib import Path

import pytest

from runnerops.model.answers import Answer
from runnerops.model.facts import Facts, RegistryFacts
from runnerops.services import REGISTRY
from tests.shells import SHELLS
from tests.unit.services.builders import MIRROR


def read(**texts: str) -> RegistryFacts:
    facts = REGISTRY.facts(Facts(), {name: Answer(0, text.encode()) for name, text in texts.items()}).registry
    assert facts
    return facts


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("says", "compose", "version"),
    [
        ("2.40.3-desktop.1", ("docker", "compose"), "2.40.3-desktop.1"),
        ("Docker Compose version v2.20.2", ("docker", "compose"), "v2.20.2"),
        ("podman-compose version 1.0.6\npodman 5.4.2", ("docker", "compose"), "1.0.6"),
        ("v30.0.0-rc.1\nA new version of Compose is there!", ("docker", "compose"), "v30.0.0-rc.1"),
    ],
)
def test_a_version_is_found_in_a_sentence(
    shell: tuple[str, ...], says: str, compose: tuple[str, ...], version: str
) -> None:
    frame = 'limited() { "$@"; }\n'
    script = f"{frame}docker() {{ printf '%s\\n' '{says}'; }}\n{REGISTRY.OBSERVE}\nregistry_find_compose\n"
    completed = subprocess.run([*shell], input=script, capture_output=True, text=True, check=True)
    assert completed.stdout.splitlines() == [version, *compose]
    registry = read(registry_compose=completed.stdout)
    assert (registry.compose, registry.compose_version) == (compose, version.lstrip("v"))


FRAME = f"""
{package_files("runnerops.remote").joinpath("observe.sh").read_text()}
ask() {{ name=$1; shift; printf '%s: %s\\n' "$name" "$("$@")"; }}
file() {{ printf 'file %s\\n' "$1"; }}
fingerprint() {{ :; }}
limited() {{ "$@"; }}
recall() {{ name=$1; shift; ask "$name" "$@"; }}
ss() {{ echo listeners; }}
"""


def run(shell: tuple[str, ...], fakes: str, call: str, *args: str) -> str:
    command = [*shell, "-s"]
    words = " ".join(f'"{arg}"' for arg in args)
    script = f"{FRAME}\n{fakes}\n{REGISTRY.OBSERVE}\n{call} {words}\n"
    completed = subprocess.run(command, input=script, capture_output=True, text=True, check=True)
    assert completed.stderr == ""
    return completed.stdout


def curl(answer: str, upstream: str) -> str:
    """A cache whose `/v2/` does this, and whose upstream does that."""
    return f"""sleep() {{ echo slept; }}
    curl() {{
      case $* in
        *http_code*) {upstream} ;;
        *_catalog*) echo '{{"repositories":["library/busybox","x"]}}' ;;
        */v2/) {answer} ;;
        *busybox/tags*) [ "{upstream}" != 'echo 401' ] || echo '{{"name":"library/busybox","tags":["1","2"]}}' ;;
        *) return 22 ;;
      esac
    }}"""


TOLD = (("200", "yes"), ("401", "no"), ("000", "no"))
"""With which status the page came where it was asked for together with others."""


@pytest.mark.parametrize("shell", SHELLS)
def test_the_plugin_is_asked_first(shell: tuple[str, ...]) -> None:
    assert (
        run(shell, "docker() { echo 2.26.1; }", "observe_registry_compose")
        == "registry_compose: 2.26.1\ndocker\ncompose\n"
    )


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("fake", "expected"),
    [
        ("curl() { :; }", "yes"),
        ("curl() { return 7; }", "no"),
        *(
            (f"curl() {{ echo asked; }}; responses='x{chr(10)}page {code} {MIRROR}/v2/{chr(10)}y'", text)
            for code, text in TOLD
        ),
        (f"curl() {{ :; }}; responses='page 000 {MIRROR}/v3/'", "yes"),  # which is another page
    ],
)
def test_a_mirror_is_requested(shell: tuple[str, ...], fake: str, expected: str) -> None:
    output = run(shell, fake, "await_registry_answer", "3", MIRROR)
    assert output == f"registry_answer_3: {MIRROR} {expected}\n"


PORTS = "registry_listeners_1: listeners"
CACHES = [  # what the cache does, what its upstream does, whether a file differs; what is told
    (":", "return 7", False, ["registry_answer_1: URL yes", PORTS]),
    (":", "echo 401", True, ["registry_answer_1: URL yes", PORTS, "registry_upstream_1: dockerhub yes"]),
    (":", "echo 000", True, ["registry_answer_1: URL yes", PORTS, "registry_upstream_1: dockerhub no"]),
    ("return 7", "echo 401", False, ["registry_answer_1: URL no", PORTS, "registry_upstream_1: dockerhub yes"]),
    ("return 28", "echo 000", False, ["registry_answer_1: URL no", PORTS, "registry_upstream_1: dockerhub no"]),
    (
        "return 52",
        "echo 401",
        False,
        ["slept", "registry_answer_1: URL no", PORTS, "registry_upstream_1: dockerhub yes"],
    ),
]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("answer", "upstream", "differs", "expected"), CACHES)
def test_the_upstream_is_requested_if_a_file_differs_or_the_cache_is_silent(
    shell: tuple[str, ...], answer: str, upstream: str, differs: bool, expected: list[str], tmp_path: Path
) -> None:
    place = tmp_path / "registry-config.yml"
    place.write_text("a: 1\n")
    sha = "other" if differs else hashlib.sha256(b"a: 1\n").hexdigest()
    words = ("1", "dockerhub", MIRROR, "https://hub.example.com", "library/alpine", str(place), sha)
    output = run(shell, curl(answer, upstream), "await_registry_cache", *words)
    assert output.replace(MIRROR, "URL").splitlines() == expected


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("code", "expected"), [("200", CACHES[0][3]), ("000", CACHES[3][3])])
def test_a_cache_that_answered_together_with_others_is_not_asked_again(
    shell: tuple[str, ...], code: str, expected: list[str]
) -> None:
    fake = f"{curl('return 7', 'echo 401')}\nresponses='page {code} {MIRROR}/v2/'"
    words = ("1", "dockerhub", MIRROR, "https://hub.example.com", "library/alpine")
    assert run(shell, fake, "await_registry_cache", *words).replace(MIRROR, "URL").splitlines() == expected


RUNS = """{"Id":"1"
"Running":true
"Name":"/runnerops-dockerhub-1"
"PortBindings":{"5000/tcp":[{"HostIp":"172.17.0.1","HostPort":"5000"}]}
"Labels":{"com.docker.compose.project":"runnerops","com.docker.compose.service":"dockerhub"}"""
OTHER = """{"Id":"2"
"Running":true
"PortBindings":{"5000/tcp":[{"HostIp":"172.17.0.1","HostPort":"5000"}]}
"Labels":{"a":"b"}"""


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("responses", "differs", "asked"),
    [
        (RUNS, False, False),
        (f"{OTHER}\n{RUNS}\n{OTHER}", False, False),
        (RUNS, True, True),
        ("", False, True),
        (OTHER, False, True),
        (RUNS.replace("true", "false"), False, True),
        (f"{OTHER}\n{RUNS.replace('true', 'false')}", False, True),
        (RUNS.replace("5000", "5001"), False, True),
        (RUNS.replace(':"dockerhub"', ':"quay"'), False, True),
        (RUNS.replace('"runnerops"', '"other"'), False, True),
    ],
)
def test_listening_sockets_are_read_only_if_a_cache_may_have_to_start(
    shell: tuple[str, ...], responses: str, differs: bool, asked: bool, tmp_path: Path
) -> None:
    place = tmp_path / "registry-config.yml"
    place.write_text("a: 1\n")
    sha = "other" if differs else hashlib.sha256(b"a: 1\n").hexdigest()
    cache = "http://172.17.0.1:5000"
    fake = f"{curl(':', 'echo 401')}\nresponses='{responses}\npage 200 {cache}/v2/'"
    words = ("1", "dockerhub", cache, "https://hub.example.com", "library/alpine", str(place), sha)
    assert (PORTS in run(shell, fake, "await_registry_cache", *words)) is asked


@pytest.mark.parametrize("shell", SHELLS)
def test_all_files_that_may_be_ours_are_read(shell: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "registry-config.old.yml").write_text("")
    (tmp_path / "notes.yml").write_text("")
    output = run(shell, "", "observe_registry_files", str(tmp_path))
    assert output == f"file {tmp_path}/docker-compose.yml\nfile {tmp_path}/registry-config.old.yml\n"
