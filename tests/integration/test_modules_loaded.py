"""Which modules a command loads, in its own process: slow ones only if they are needed."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from runnerops.demo.site import Site


@pytest.mark.parametrize("argv", [["--help"], ["check", "--help"], ["check", "daemon.json"], ["explain", "R012"]])
def test_what_needs_no_inventory_waits_for_no_slow_module(argv: list[str], tmp_path: Path) -> None:
    (tmp_path / "daemon.json").write_text('{"live-restore": true}\n')
    command = [sys.executable, "-X", "importtime", "-m", "runnerops", *argv]
    completed = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in completed.stderr.splitlines()}
    assert "runnerops" in loaded
    assert loaded & {"pydantic", "jinja2", "fabric", "paramiko", "cryptography", "gitlab", "requests", "rich"} == set()


@pytest.fixture(scope="module", name="site")
def fixture_site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = Site(tmp_path_factory.mktemp("demo"))
    site.build()
    return site


@pytest.mark.parametrize(
    "words",
    [
        "docker ps -aq",
        "docker info --format {{json\\ .}}",
        "docker compose version",
        "systemctl is-active docker",
        "systemctl list-units runnerops-*",
        "systemd-run --quiet true",
        "journalctl -q -u docker",
        "ip -o addr",
        "gitlab-runner --version",
    ],
)
def test_a_call_of_a_simulated_program_loads_little(site: Site, words: str) -> None:
    """A deploy makes dozens of them, and to load one of these takes as long as the rest of the call."""
    name, *rest = shlex.split(words)
    program = (site.root / "usr/bin" / name).read_text().replace(" -I ", " -X importtime -I ", 1)
    command = ["sh", "-c", program, name, *rest]
    completed = subprocess.run(command, env=dict(site.environ), check=False, capture_output=True, text=True)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in completed.stderr.splitlines()}
    assert "runnerops" in loaded
    assert loaded & {"re", "json", "typing", "contextlib", "pathlib", "subprocess", "enum", "tomllib", "yaml"} == set()


def test_no_pydantic_is_imported_by_loading() -> None:
    code = "import sys, runnerops.inventory, runnerops.secrets; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
