"""The contract's cases on real hosts: the same files and steps give the same events and files as in memory."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from runnerops.model.inventory import Host, Ssh
from runnerops.ssh.access import Access
from runnerops.ssh.connect import open_link
from runnerops.ssh.hostkeys import parse
from runnerops.ssh.keys import Credentials
from runnerops.ssh.link import Link
from tests.contract.cases import CASES, FOLDERS, File
from tests.contract.prober import failures
from tests.contract.probes import PROBES
from tests.contract.suite import check
from tests.lab.host import LabHost
from tests.lab.lab import Lab


class RealHost:
    """A lab host as the suite sees it."""

    def __init__(self, host: LabHost, link: Link) -> None:
        self._host = host
        self._link = link

    def clear(self) -> None:
        self._host.run(f"rm -rf {shlex.join((*FOLDERS, '/var/lib/runnerops/intents'))}")

    def put(self, path: str, content: bytes, mode: str) -> None:
        self._host.write(path, content, int(mode, 8))

    def get(self, path: str) -> File | None:
        if not self._host.exists(path):
            return None
        return self._host.read(path), self._host.run(f"stat -c %a {path}").stdout.strip().rjust(4, "0")

    def next_run(self) -> int:
        return 1 + int(self._host.run("ls /var/lib/runnerops/runs 2>/dev/null | sort -n | tail -n 1").stdout or 0)

    def link(self) -> Link:
        return self._link


def open_host(host: LabHost) -> Link:
    """The link that a deploy opens."""
    known_hosts = parse([("known_hosts", host.known_hosts.read_text())])
    environ = {"HOME": os.environ.get("HOME", "/root")}
    this_host = Host(host.name, host.address, ssh=Ssh(user="root", key=str(host.key)))
    return open_link(this_host, Access(known_hosts, Credentials.from_environ({}), environ))


def test_every_case_on_a_real_host(host: LabHost) -> None:
    with open_host(host) as link:
        remote = RealHost(host, link)
        for case in CASES:
            check(case, remote)
        remote.clear()


def test_every_command_on_a_real_host(lab: Lab) -> None:
    """As plans emit it: the demo's programs end and print alike, of the same release."""
    host = lab.trixie
    host.reset()
    lab.hub.start()
    words = {"IMAGE": host.registry_image, "UPSTREAM": lab.hub.url, "DOCKERD": "/usr/sbin/dockerd"}

    def put(path: str, text: str | None) -> None:
        if text is None:
            host.run(f"rm -f {shlex.quote(path)}")
        else:
            host.write(path, text.encode())

    with open_host(host) as link:

        def run(command: Sequence[str]) -> tuple[int, str, str]:
            completed = link.run(command, b"", 90)
            return completed.status, completed.stdout.decode(), completed.stderr.decode()

        problems = list(failures(PROBES, run, put, words))
    host.run(
        "rm -rf /opt/runnerops-contract /var/lib/runnerops-contract; docker volume rm runnerops-contract", check=False
    )
    assert not problems, "\n".join(problems)
