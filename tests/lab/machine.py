"""What this machine is, and why it cannot carry a lab when it cannot. Reads only."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.lab.shell import LabError, run

# program -> the Debian package that has it
PROGRAMS = {
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "iptables": "iptables",
    "ssh": "openssh-client",
}


OTHER_TESTS = {
    "sshd": "openssh-server",
    "busybox": "busybox",
    "ps": "procps",
    "strace": "strace",
    "zsh": "zsh",
    "fish": "fish",
}
"""What the integration tests use besides; without the lab they do with what is there."""

NODE = {"node": "nodejs", "npm": "npm", "rsync": "rsync"}
"""What gitlab-ci-local needs, which runs pipelines; Node from 18."""


def missing_packages(programs: Mapping[str, str] = PROGRAMS) -> list[str]:
    """Debian packages that the lab needs and this machine has not."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return sorted({package for program, package in programs.items() if shutil.which(program, path=path) is None})


def why_not() -> str | None:
    """Why this machine cannot carry a lab, or None when nothing is known to stand in the way."""
    return next((reason for obstacle in (wrong_user, wrong_packages, wrong_kernel) if (reason := obstacle())), None)


def wrong_user() -> str | None:
    """Asked not to, or not allowed to."""
    if os.environ.get("RUNNEROPS_LAB") == "no":
        return "RUNNEROPS_LAB=no"
    if not sys.platform.startswith("linux"):
        return f"the lab needs Linux, this is {sys.platform}"
    return None if os.geteuid() == 0 else "the lab needs root"


def wrong_packages() -> str | None:
    """Programs or a Debian mirror missing."""
    if missing := missing_packages():
        return f"missing Debian packages: {' '.join(missing)} (python -m tests.lab.install)"
    try:
        debian_uri()
    except LabError as error:
        return str(error)
    return None


def wrong_kernel() -> str | None:
    """Control groups or namespaces refused."""
    if not any(line.split()[2].startswith("cgroup") for line in Path("/proc/mounts").read_text().splitlines()):
        return "no control groups are mounted"
    trial = "mount -t tmpfs none /mnt && ip link add lab type bridge"
    try:
        run(["unshare", "--mount", "--net", "--pid", "--fork", "sh", "-c", trial], seconds=10)
    except LabError as error:
        return f"namespaces or bridges are refused: {error}"
    return None


def codename() -> str:
    """This machine's Debian release, by its name."""
    match = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.MULTILINE)
    return match[1] if match else ""


def debian_uri() -> str:
    """The Debian mirror that this machine itself uses."""
    if not re.search(r"^ID=debian$", Path("/etc/os-release").read_text(), re.MULTILINE):
        raise LabError("the lab needs a Debian machine, for its mirror and its debootstrap")
    apt_folder = Path("/etc/apt")
    for path in sorted(apt_folder.glob("sources.list.d/*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text()):
            fields = dict(re.findall(r"^([\w-]+):\s*(.+)$", stanza, re.MULTILINE))
            if codename() in fields.get("Suites", "").split() and "main" in fields.get("Components", "").split():
                return str(fields["URIs"].split()[0])
    for path in (apt_folder / "sources.list", *sorted(apt_folder.glob("sources.list.d/*.list"))):
        lines = path.read_text().splitlines() if path.exists() else []
        for line in lines:
            if match := re.match(rf"deb\s+(?:\[.*?\]\s+)?(\S+)\s+{codename()}\s+.*\bmain\b", line):
                return match[1]
    raise LabError("no Debian mirror found in the machine's own apt sources")
