"""Installs the Debian packages that tests need: `python -m tests.lab.install`. Changes this machine, nothing else."""

from __future__ import annotations

import sys

from tests.lab.machine import OTHER_TESTS, PROGRAMS, missing_packages
from tests.lab.shell import LabError, run


def install_packages() -> list[str]:
    """Install what is missing and return its names. LabError when apt-get fails."""
    if missing := missing_packages({**PROGRAMS, **OTHER_TESTS}):
        wait = ["-o", "DPkg::Lock::Timeout=120"]
        run(["apt-get", *wait, "update"], seconds=300)
        front = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *wait]
        run([*front, "install", "-y", "--no-install-recommends", *missing], seconds=600)
    return missing


def main() -> int:
    """Install, say what was installed."""
    try:
        installed = install_packages()
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    print(f"lab: installed {' '.join(installed)}" if installed else "lab: every package is there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
