"""Installs what tests need: Debian packages, and gitlab-ci-local in `npm/` beside. `python -m tests.lab.install`."""

from __future__ import annotations

import fcntl
import sys
from pathlib import Path

from tests.lab.machine import NODE, OTHER_TESTS, PROGRAMS, missing_packages
from tests.lab.shell import LabError, run

NPM = Path(__file__).parent / "npm"
GITLAB_CI_LOCAL = NPM / "node_modules/.bin/gitlab-ci-local"


def install_packages() -> list[str]:
    """Install what is missing and return the names of Debian packages. LabError when apt-get or npm fails."""
    if missing := missing_packages({**PROGRAMS, **OTHER_TESTS, **NODE}):
        wait = ["-o", "DPkg::Lock::Timeout=120"]
        run(["apt-get", *wait, "update"], seconds=300)
        front = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *wait]
        run([*front, "install", "-y", "--no-install-recommends", *missing], seconds=600)
    install_gitlab_ci_local()
    return missing


def install_gitlab_ci_local() -> None:
    """What package-lock.json says, with its checksums, unless it is there; other tests that install wait."""
    lock, installed = NPM / "package-lock.json", NPM / "node_modules/.package-lock.json"
    with lock.open() as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
            run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(NPM)], seconds=600)


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
