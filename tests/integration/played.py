"""Many hosts that are played: each has an address on loopback, a disk in a folder, and the real `host.sh`.

What takes long on a host is left out: an observation is one that was recorded on the demo's host (with the host's own runs
in it), and the commands of steps are not run, but end as the plan wants them to, or as a test says (`Played.play`). So
everything that the client has to do with is real: SSH, runs with their units, locks, logs, records and rollbacks.

Runs outlive whoever began them. Every process of a host and every client has `PLAYED_BY` in its environment, the process of
the tests. `end_played` ends them all; where that process is killed itself, each run ends with the step that it has come to.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files as package_files
from io import StringIO
from pathlib import Path

import paramiko
from paramiko.common import AUTH_SUCCESSFUL, OPEN_SUCCEEDED

from runnerops import inventory
from runnerops.demo import site as demo_site
from runnerops.demo.server import Server, make_key
from runnerops.demo.simulated.processes import adopt_orphans, end_descendants
from runnerops.demo.site import Site
from runnerops.engine.connections import ConnectionPool
from runnerops.engine.observe import Reader, observe
from runnerops.engine.project import open_project
from runnerops.report.screen import Screen
from runnerops.secrets import Resolver

TOKEN = "glrt-aaaaaaaaaaaaaaaaaaaa"
SECTIONS = """
    docker: {{live-restore: true, log-driver: json-file, log-opts: {{max-size: {size}}}}}
    gitlab_runner:
      concurrent: 2
      runners:
        - name: builder
          url: https://gitlab.example.com
          token: !env TOKEN
          executor: docker
          docker: {{image: "alpine:3"}}
"""
BEFORE, AFTER = "10m", "20m"
"""What an inventory asks for at first, and then: this restarts Docker, around a drain of the runner."""
FRAME = package_files("runnerops.remote").joinpath("observe.sh").read_text()
RUNS = ("numbers", "kept", "alive", "walked", "clock", "machine")
"""Answers that are the played host's own."""

SETSID = """#!/bin/sh
# A step's command, `timeout -s KILL SECONDS ARGV...`: ends as the test says, else as its step wants it.
shift 4
goes_on() { kill -0 "$PLAYED_BY" 2>/dev/null || kill -KILL 0; } # else nobody ends this run, of whose process group this is
goes_on
while read -r what part; do
  case "$*" in *"$part"*) ;; *) continue ;; esac
  case $what in
  fail) echo "played: this does not work" && exit 1 ;;
  wait)
    echo "$part" >"$RUNNEROPS_ROOT/waits"
    while grep -qsxF "$what $part" "$RUNNEROPS_ROOT/play"; do goes_on; sleep 0.1; done
    ;;
  jobs) echo '2 jobs: job 4711 name="build" project="team/app" started="2026-01-01T00:00:00Z"; job 4712' && exit 0 ;;
  esac
done 2>/dev/null <"$RUNNEROPS_ROOT/play"
tab=$(printf '\\t')
line=$(cat forward rollback | grep -F -e "$tab$(printf '%s\\t' "$@" | sed 's/.$//')" | head -n 1)
verb=${line%%"$tab"*} rest=${line#*"$tab"}
case $verb in
guard) printf '%s\\n' "${rest%%"$tab"*}" ;;
await) rest=${rest#*"$tab"} wanted=${rest%%"$tab"*}; case $wanted in ok) ;; *) printf '%s\\n' "${wanted#?}" ;; esac ;;
esac
"""
SYSTEMD_RUN = """#!/bin/sh
# The unit of a run: its process group is in the unit's file, which goes when the way back, too, is over.
for dir; do :; done
unit=$RUNNEROPS_ROOT/run/systemd/transient/runnerops-${dir##*/}
echo 0 >"$unit"
walk='echo $$ >"$1"; exec sh "$2/host.sh" walk "$2"'
{
  /usr/bin/setsid -w sh -c "$walk" sh "$unit" "$dir"
  sh "$dir/host.sh" back "$dir"
  rm -f "$unit"
} </dev/null >/dev/null 2>&1 &
while [ "$(cat "$unit" 2>/dev/null || echo gone)" = 0 ]; do sleep 0.01; done
"""
SYSTEMCTL = """#!/bin/sh
# What `host.sh`, the history and an abort ask of systemd.
units=$RUNNEROPS_ROOT/run/systemd/transient
for unit; do :; done
case $1 in
show) if [ -e "$units/$unit" ]; then echo active; else echo inactive; fi ;;
stop) group=$(cat "$units/$unit" 2>/dev/null) && { kill -KILL "-$group" 2>/dev/null || :; } ;;
list-units)
  for unit in "$units"/runnerops-*; do
    [ ! -e "$unit" ] || echo "${unit##*/}.service loaded active running run"
  done ;;
is-system-running) echo running ;;
esac
"""
PLAYED_BY = {"PLAYED_BY": str(os.getpid())}
PROGRAMS = {"setsid": SETSID, "systemd-run": SYSTEMD_RUN, "systemctl": SYSTEMCTL}


def played_processes() -> list[int]:
    """Those of played hosts and of their clients that these tests have begun and that have not ended."""
    mark = f"PLAYED_BY={os.getpid()}".encode()
    return [pid for pid, words in processes("environ") if mark in words]


def processes(what: str) -> Iterator[tuple[int, list[bytes]]]:
    """The `environ` or the `cmdline` of all on this machine that may be asked."""
    for path in Path("/proc").glob(f"[0-9]*/{what}"):
        with suppress(OSError):
            yield int(path.parent.name), path.read_bytes().split(b"\0")


def end_played() -> None:
    """Ends all of them, and those that they begin meanwhile, such as the way back of a run."""
    while found := played_processes():
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in found:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)


@dataclass(frozen=True, slots=True)
class Recording:
    """A host before and after the change: what it answers when it is looked at, and (before) its disk."""

    before: bytes
    after: bytes
    disk: Path


def record(folder: Path) -> Recording:
    """Both, on the demo's host, with places for the random word."""
    site, disk = Site(folder), folder / "disk"
    adopt_orphans()
    try:
        site.build()
        key = folder / "id"
        with Server(site.environ, site.root, make_key(key)) as server:
            (site.project / "known_hosts").write_text(server.known_hosts)
            head = (
                f"hosts:\n  played:\n    address: 127.0.0.1\n    ssh: {{user: root, port: {server.port}, key: {key}}}"
            )
            answers: list[bytes] = []
            for size in (BEFORE, AFTER):
                (site.project / "inventory.yml").write_text(head + SECTIONS.format(size=size))
                deploy = [sys.executable, "-m", "runnerops", "deploy", "--yes"]
                environ = {**os.environ, "TOKEN": TOKEN}
                subprocess.run(deploy, cwd=site.project, env=environ, check=True, capture_output=True)
                answers.append(_observed(site.project / "inventory.yml"))
                for name in ("etc", "var/lib/runnerops") if size == BEFORE else ():
                    shutil.copytree(site.root / name, disk / name, symlinks=True)
            return Recording(answers[0], answers[1], disk)
    finally:
        end_descendants(signal.SIGKILL)


def _observed(path: Path) -> bytes:
    loaded = inventory.load(path)
    screen = Screen(out=StringIO(), err=StringIO())
    project = open_project(loaded, loaded.hosts, Resolver({"TOKEN": TOKEN}, loaded.folder), screen.redactor)
    with ConnectionPool(loaded, {"HOME": str(path.parent)}, screen) as pool:
        recorder = _Recorder(pool.reader(loaded.hosts[0]))
        observe(loaded.hosts[0], project.rendered["played"], recorder)
    return recorder.said


class _Recorder:
    """A reader that keeps what it was told."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.said = b""

    def read(self, script: bytes) -> bytes:
        output = self.reader.read(script)
        self.said = output.replace(_word(script), b"@WORD@")
        return output


def _word(script: bytes) -> bytes:
    return script.partition(b"word=")[2].split()[0]


@dataclass(frozen=True, slots=True)
class Played:
    """A host. `play` says how its steps end, by a part of their command; what is not named ends as the plan wants it."""

    name: str
    address: str
    root: Path
    recording: Recording

    def make(self) -> None:
        shutil.copytree(self.recording.disk, self.root, symlinks=True)
        for name in ("bin", "run/systemd/transient", "tmp"):
            (self.root / name).mkdir(parents=True)
        wrappers = {
            one: Path(demo_site.__file__).with_name("wrappers").joinpath(f"{one}.sh").read_text()
            for one in ("chown", "stat")
        }
        for name, text in (PROGRAMS | wrappers).items():
            (self.root / "bin" / name).write_text(text)
            (self.root / "bin" / name).chmod(0o755)

    @property
    def environ(self) -> Mapping[str, str]:
        path = f"{self.root / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin"
        return {"PATH": path, "RUNNEROPS_ROOT": str(self.root), "HOME": str(self.root), **PLAYED_BY}

    def play(self, *lines: str) -> None:
        """`fail PART`, `wait PART` (until something else is played), `jobs PART`; `look` and `run`: see `_Guest`."""
        (self.root / "next").write_text("".join(f"{line}\n" for line in lines))
        (self.root / "next").rename(self.root / "play")

    def plays(self, what: str) -> bool:
        with suppress(OSError):
            return what in (self.root / "play").read_text().splitlines()
        return False

    def waits(self) -> bool:
        """Whether a step of its run waits for something else to be played."""
        return (self.root / "waits").exists()

    def reset(self) -> None:
        """As at first. No run may be going on."""
        for name in ("etc", "var", "run", "play", "waits"):
            path = self.root / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        (self.root / "run/systemd/transient").mkdir(parents=True)
        shutil.copytree(self.recording.disk, self.root, symlinks=True, dirs_exist_ok=True)

    @property
    def ends(self) -> list[str]:
        """How its runs ended, the oldest first; empty for one that goes on."""
        logs = sorted((self.root / "var/lib/runnerops/runs").glob("*/log"), key=lambda one: int(one.parent.name))
        return ["".join(re.findall(r"\tend\t(.*)\n$", one.read_text())) for one in logs]

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def look(self, script: bytes) -> bytes:
        """The recorded answers of this time, with the host's own runs."""
        word = _word(script)
        changed = AFTER in self.read("etc/docker/daemon.json")
        said = self.recording.after if changed else self.recording.before
        for name in RUNS:
            said = re.sub(rb"@WORD@ fact %s\n.*?\n@WORD@ end \d+\n" % name.encode(), b"", said, flags=re.DOTALL)
        machine = self.name.encode().hex().rjust(32, "0")[:32]
        own = f"word={word.decode()}\n{FRAME}\nask clock date +%s\nask machine echo {machine}\nobserve_runs\n"
        done = subprocess.run(
            ["sh", "-s"], input=own.encode(), env=dict(self.environ), capture_output=True, check=False
        )
        if done.returncode < 0:
            raise EOFError("the test that asked has ended, and this look with it")
        done.check_returncode()
        return said.replace(b"@WORD@", word) + done.stdout


class _Guest(paramiko.ServerInterface):
    """Lets everybody in. A look that plays `hang look` never ends, `break look` breaks the connection off; `run`: the same
    of whatever is no look, once its first lines were told."""

    def __init__(self, host: Played, transport: paramiko.Transport) -> None:
        self._host, self._transport = host, transport

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:  # noqa: ARG002
        return AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        return OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        threading.Thread(target=self._answer, args=(channel, command.decode()), daemon=True).start()
        return True

    def _answer(self, channel: paramiko.Channel, command: str) -> None:
        with suppress(OSError, EOFError):
            given = b"".join(iter(lambda: channel.recv(65536), b""))
            look = command == "sh -s"
            self._struck("look" if look else "run", channel)
            if channel.closed:
                return
            if look and b"\nobserve_facts\n" in given:
                channel.sendall(self._host.look(given))
                channel.send_exit_status(0)
            else:
                self._run(channel, command, given)
            channel.close()

    def _struck(self, what: str, channel: paramiko.Channel) -> None:
        if self._host.plays(f"break {what}"):
            self._transport.close()
        while self._host.plays(f"hang {what}") and not channel.closed:
            time.sleep(0.1)

    def _run(self, channel: paramiko.Channel, command: str, given: bytes) -> None:
        with subprocess.Popen(
            ["sh", "-c", command], env=dict(self._host.environ), cwd=self._host.root, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            assert process.stdin
            assert process.stdout
            assert process.stderr
            with suppress(BrokenPipeError):
                process.stdin.write(given)
            process.stdin.close()
            while chunk := os.read(process.stdout.fileno(), 65536):
                if self._host.plays("break log"):
                    self._transport.close()
                channel.sendall(chunk)
            channel.sendall_stderr(process.stderr.read())
            if (status := process.wait()) >= 0:  # one that a signal ended has none
                channel.send_exit_status(status)


@dataclass(slots=True)
class Fleet:
    """A project with hosts that are played; `port` is that of their one server."""

    folder: Path
    hosts: dict[str, Played]
    port: int

    def __getitem__(self, name: str) -> Played:
        return self.hosts[name]

    def ask(self, size: str, more: str = "", ssh: Mapping[str, int] | None = None) -> None:
        """Writes the inventory. `more` goes above the hosts; `ssh` has the ports of those that another server plays."""
        lines = [f"{more}\nhosts:\n"]
        for one in self.hosts.values():
            port = (ssh or {}).get(one.name, self.port)
            way = f"{{user: root, port: {port}, key: {self.folder / 'user'}}}"
            lines.append(f"  {one.name}:\n    address: {one.address}\n    ssh: {way}{SECTIONS.format(size=size)}")
        (self.folder / "inventory.yml").write_text("".join(lines))

    @property
    def environ(self) -> dict[str, str]:
        user = os.environ.get("PLAYED_USER", "anna")
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TOKEN": TOKEN,
            "LOGNAME": user,
            "PYTHONPATH": os.getcwd(),
            **PLAYED_BY,
        }

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "runnerops", *words]

    def run(self, *words: str, code: int = 0, **environ: str) -> str:
        """What it prints, both outputs in one."""
        done = subprocess.run(
            self.command(*words), cwd=self.folder, env=self.environ | environ, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout
        return done.stdout


@contextmanager
def fleet(folder: Path, recording: Recording, names: Sequence[str], *, one_disk: bool = False) -> Iterator[Fleet]:
    """So many hosts, with an inventory that asks for what they have. `one_disk`: for hosts that nothing runs on."""
    folder.mkdir(exist_ok=True)
    hosts: dict[str, Played] = {}
    for at, name in enumerate(names):
        disk = folder / "hosts" / ("all" if one_disk else name)
        hosts[name] = Played(name, f"127.1.{at // 250}.{at % 250 + 1}", disk, recording)
        if not disk.exists():
            hosts[name].make()
    key = make_key(folder / "host_key")
    make_key(folder / "user")
    by_address = {one.address: one for one in hosts.values()}
    with _served(key, by_address.__getitem__) as port:
        found = Fleet(folder, hosts, port)
        lines = [f"[{one.address}]:{port} {key.get_name()} {key.get_base64()}\n" for one in hosts.values()]
        (folder / "known_hosts").write_text("".join(lines))
        found.ask(BEFORE)
        try:
            yield found
        finally:
            end_played()


@contextmanager
def _served(key: paramiko.PKey, host_at: Callable[[str], Played]) -> Iterator[int]:
    """Each connection is one to the host at whose address it came in."""
    with socket.create_server(("", 0), backlog=512) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    address = connection.getsockname()[0]
                    transport = paramiko.Transport(connection)
                    transport.add_server_key(key)
                    with suppress(paramiko.SSHException, EOFError, OSError):
                        transport.start_server(event=threading.Event(), server=_Guest(host_at(address), transport))

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
