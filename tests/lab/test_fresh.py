"""A machine of somebody who tries this project: it has Python, make and git, and no other tool that tests use."""

from __future__ import annotations

import re
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from tests.lab.conftest import required
from tests.lab.install import install_packages
from tests.lab.machine import why_not
from tests.lab.roots import BARE, ensure_root
from tests.lab.shell import run

PROJECT = Path(__file__).parents[2]
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
PROGRAMS = re.compile(r"subprocess|tests\.shells")


@pytest.fixture(name="machine")
def fixture_machine(tmp_path: Path) -> list[str]:
    """What runs `sh` there, on a copy of the tree; all that it writes goes with it."""
    if required():
        install_packages()
    if reason := why_not():
        pytest.skip(f"no lab: {reason}")
    tree = tmp_path / "project"
    listed = ["git", "-C", str(PROJECT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = [name for name in run(listed).split("\0") if name and (PROJECT / name).exists()]
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in names:
            archive.add(PROJECT / name, name)
    packed.seek(0)
    with tarfile.open(fileobj=packed) as archive:
        archive.extractall(tree, filter="data")
    argv = ["systemd-nspawn", "--quiet", f"--directory={ensure_root(BARE)}", "--volatile=overlay", "--pipe"]
    argv += ["--register=no", "--keep-unit", "--resolv-conf=copy-host", f"--bind-ro={tree}:/project"]
    argv += [f"--bind-ro={CERTIFICATES}", f"--setenv=PIP_CERT={CERTIFICATES}"] if Path(CERTIFICATES).exists() else []
    argv += ["--bind-ro=/etc/pip.conf"] if Path("/etc/pip.conf").exists() else []
    return argv


def test_the_two_commands_of_the_readme(machine: list[str]) -> None:
    """Collecting shows that every test can be imported there; those that start programs are run."""
    tests = [
        str(path.relative_to(PROJECT))
        for path in sorted((PROJECT / "tests/unit").rglob("test_*.py"))
        if PROGRAMS.search(path.read_text())
    ]
    argv = [*machine, "sh", "/project/tests/lab/fresh.sh", *tests, "tests/integration/test_host_sh_prune.py"]
    completed = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=800, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert re.search(r"^not run here: \d+ tests: no busybox here \(apt-get install busybox\)$", completed.stdout, re.M)
    assert re.search(r"^not run here: \d+ tests: no lab: missing Debian packages: debootstrap", completed.stdout, re.M)
    assert re.search(r"^(\d+/)?\d+ tests collected", completed.stdout, re.M)
