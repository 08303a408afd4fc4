"""How long a run that finds nothing to do takes with runnerops, pyinfra and ansible-core, as ratios in one run.

Each compares the same four files (content, mode, owner) and reads the state of the same services: `docker info`, and whether
Docker and the runner are up. Once on one real host of the lab (root on Debian), once on many played ones on loopback behind a
line with a delay, where pyinfra's commands are run as they come and its answers are those of stand-ins.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install pyinfra 'ansible-core~=2.19.0'
    python bench/peers.py --peers /tmp/peers --runs 11

Fails on nothing, since a time is no test. Aims: pyinfra takes at least twice as long on one host, ansible-core six times, and
pyinfra is at no number of hosts faster.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench import fleet
from bench.fleet import Cost
from bench.ratios import chosen
from tests.integration.sshd import USER, Keys, Sshd
from tests.lab.host import LabHost
from tests.lab.lab import open_lab
from tests.lab.project import Project, whole_host
from tests.lab.proxy import Proxy

FILES = (
    "/etc/docker/daemon.json",
    "/opt/registry/docker-compose.yml",
    "/opt/registry/registry-config*.yml",
    "/etc/gitlab-runner/config.toml",
)
PYINFRA = """
from pyinfra import host
from pyinfra.facts.server import Command
from pyinfra.operations import files, systemd

for source, path, mode, user, group in {copies}:
    files.put(src=source, dest=path, mode=mode, user=user, group=group)
for unit in ("docker.service", "gitlab-runner.service"):
    systemd.service(service=unit, running=True)
host.get_fact(Command, command="docker info --format '{{{{json .}}}}'")
"""
STAND_INS = {
    "systemctl": "printf 'Id=%s\\nSubState=running\\n\\n' docker.service gitlab-runner.service",
    "docker": "echo '{}'",
}


@dataclass(frozen=True, slots=True)
class Copy:
    """A file of this machine that lies there as well."""

    source: str
    path: str
    mode: str
    user: str
    group: str

    @property
    def words(self) -> tuple[str, ...]:
        """As pyinfra's deploy takes them."""
        return (self.source, self.path, self.mode, self.user, self.group)


def copies_of(host: LabHost, folder: Path) -> list[Copy]:
    """The four files as they lie on a host."""
    found = []
    for pattern in FILES:
        path = host.run(f"ls {pattern}").stdout.split()[0]
        source = folder / path.replace("/", "_")
        source.write_bytes(host.read(path))
        mode, user, group = host.run(f"stat -c '%a %U %G' {path}").stdout.split()
        found.append(Copy(str(source), path, mode, user, group))
    return found


def write_pyinfra(folder: Path, hosts: Sequence[str], data: Mapping[str, object], copies: Sequence[Copy]) -> None:
    """Its inventory and deploy."""
    entries = [(f"{address}:{data['ssh_port']}", {"ssh_hostname": address, **data}) for address in hosts]
    (folder / "inventory.py").write_text(f"hosts = {entries!r}\n")
    (folder / "deploy.py").write_text(PYINFRA.format(copies=[one.words for one in copies]))


def write_ansible(folder: Path, host: LabHost, known_hosts: Path, copies: Sequence[Copy]) -> None:
    """Its configuration, inventory and playbook; pipelining on, no facts gathered."""
    line = f"{host.name} ansible_host={host.address} ansible_user=root ansible_ssh_private_key_file={host.key}"
    (folder / "hosts.ini").write_text(f"{line} ansible_python_interpreter=/opt/runnerops-lab/python3\n")
    args = f"-F none -o UserKnownHostsFile={known_hosts} -o ControlMaster=auto -o ControlPersist=2s"
    (folder / "ansible.cfg").write_text(
        f"[defaults]\ninventory = hosts.ini\nforks = 50\n[ssh_connection]\npipelining = true\nssh_args = {args}\n"
    )
    tasks: list[dict[str, object]] = [
        {"copy": {"src": one.source, "dest": one.path, "mode": f"0{one.mode}", "owner": one.user, "group": one.group}}
        for one in copies
    ]
    tasks += [{"systemd_service": {"name": unit, "state": "started"}} for unit in ("docker", "gitlab-runner")]
    tasks.append({"command": "docker info --format '{% raw %}{{json .}}{% endraw %}'", "changed_when": False})
    (folder / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))


def compare(title: str, ways: Mapping[str, Callable[[], Cost]], runs: int) -> None:
    """In turn, after one warm-up of each; the first is ours."""
    for way in ways.values():
        way()
    found = [{name: way() for name, way in ways.items()} for _ in range(runs)]
    first, *others = ways
    for name in ways:
        wall = sorted(one[name].wall for one in found)
        cpu, memory = (statistics.median(getattr(one[name], what) for one in found) for what in ("cpu", "memory"))
        print(
            f"{title}: {name:12} {statistics.median(wall):6.2f} s ({wall[0]:.2f} to {wall[-1]:.2f}); "
            f"{cpu:.2f} s of processor; {memory:.0f} MB",
            flush=True,
        )
    for name in others:
        ratios = sorted(one[name].wall / one[first].wall for one in found)
        print(
            f"{title}: {name} / {first}: {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})",
            flush=True,
        )


def one_host(peers: Path, name: str, runs: int) -> None:
    """A real host of the lab; the others are switched off."""
    with open_lab() as lab, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (host,) = chosen(lab, name)
        project = Project(folder, lab)
        project.write({"hosts": {name: whole_host(host, lab.hub)}})
        host.reset()
        project.deploy()
        copies = copies_of(host, folder)
        data = {
            "ssh_user": "root",
            "ssh_port": host.port,
            "ssh_key": str(host.key),
            "ssh_known_hosts_file": str(lab.known_hosts),
        }
        write_pyinfra(folder, [host.address], data, copies)
        write_ansible(folder, host, lab.known_hosts, copies)
        ways: dict[str, Callable[[], Cost]] = {
            "runnerops": lambda: fleet.cost(project.command("deploy", "--yes"), folder, **project.environ),
            "pyinfra": lambda: fleet.cost((str(peers / "bin/pyinfra"), "-y", "inventory.py", "deploy.py"), folder),
            "ansible-core": lambda: fleet.cost((str(peers / "bin/ansible-playbook"), "play.yml"), folder),
        }
        compare(f"one host ({name})", ways, runs)


@contextmanager
def open_to_pyinfra(folder: Path, hosts: int, delay: float) -> Iterator[None]:
    """So many played hosts, on which commands run as they come, and on which the four files lie."""
    copies = []
    for path in FILES:
        source = folder / path.translate({ord("/"): "_", ord("*"): "-"})
        source.write_text(f"{path}\n" * 40)
        (folder / "there").mkdir(exist_ok=True)
        target = folder / "there" / source.name
        target.write_bytes(source.read_bytes())
        target.chmod(0o644)
        copies.append(Copy(str(source), str(target), "644", USER, USER))
    (folder / "programs").mkdir()
    for name, text in STAND_INS.items():
        (folder / "programs" / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / "programs" / name).chmod(0o755)
    force = f'ForceCommand PATH={folder}/programs:$PATH exec sh -c "$SSH_ORIGINAL_COMMAND"'
    (folder / "keys").mkdir()
    server = Sshd(folder / "sshd", Keys(folder / "keys").make(), options=("MaxStartups 1000", "LogLevel INFO", force))
    with ExitStack() as stack:
        server.start()
        stack.callback(server.stop)
        port = stack.enter_context(Proxy("127.0.0.1", server.port, delay, listen="0.0.0.0")).port
        addresses = fleet.addresses(hosts)
        (folder / "known_hosts").write_text("".join(server.line(name=f"[{one}]:{port}") for one in addresses))
        data = {
            "ssh_user": USER,
            "ssh_port": port,
            "ssh_key": str(folder / "keys/user"),
            "ssh_known_hosts_file": str(folder / "known_hosts"),
        }
        write_pyinfra(folder, addresses, data, copies)
        yield


def many_hosts(peers: Path, hosts: int, delay: float, runs: int) -> None:
    """Played ones."""
    with tempfile.TemporaryDirectory() as temporary:
        ours, theirs = Path(temporary) / "ours", Path(temporary) / "theirs"
        ours.mkdir()
        theirs.mkdir()
        recording = fleet.record(ours / "demo")
        with fleet.played(ours, recording, hosts, delay), open_to_pyinfra(theirs, hosts, delay):
            deploy = (sys.executable, "-m", "runnerops", "deploy", "--yes")
            pyinfra = (str(peers / "bin/pyinfra"), "-y", "--parallel", str(hosts), "inventory.py", "deploy.py")
            ways = {"runnerops": lambda: fleet.cost(deploy, ours), "pyinfra": lambda: fleet.cost(pyinfra, theirs)}
            compare(f"{hosts} hosts, {delay * 2000:.0f} ms", ways, runs)


def main() -> None:
    """Every figure."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--peers", type=Path, required=True, help="a venv with pyinfra and ansible-core")
    words.add_argument("--runs", type=int, default=7)
    words.add_argument("--host", default="bookworm", help="a real host; none: played ones only")
    words.add_argument("--hosts", type=int, nargs="*", default=[50])
    words.add_argument("--delay-ms", type=float, default=10.0, help="each way, to played hosts")
    given = words.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    peers = given.peers.absolute()
    if given.host != "none":
        one_host(peers, given.host, given.runs)
    for hosts in given.hosts:
        many_hosts(peers, hosts, given.delay_ms / 1000, given.runs)


if __name__ == "__main__":
    main()
