"""A lab host, as tests see it: commands, files, facts, power."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

from tests.lab.images import HELPER, Image, archive
from tests.lab.nspawn import Container
from tests.lab.shell import LabError, until
from tests.lab.ssh import Ssh, answers

RESET = Path(__file__).parent / "reset.sh"


class LabHost:
    """One real host. Users: `root`, `deploy` (sudo without a password) and `nosudo`; one key for the three.

    All commands have a time limit; LabError when it is over. `key` is the private key's path and `known_hosts` a file
    with the keys of all hosts of the lab.
    """

    port = 22

    def __init__(
        self, container: Container, suite: str, key: Path, known_hosts: Path, kept: tuple[Image, ...], stand_in: bool
    ) -> None:
        self.name = container.name
        self.address = container.address
        self.suite = suite
        self.key = key
        self.known_hosts = known_hosts
        self.kept = kept
        self.registry_image = kept[0].short
        self.busybox_image = kept[1].short
        self.helper_image = HELPER
        self.stand_in = stand_in
        self.container = container
        self._ssh: dict[str, Ssh] = {}

    def __repr__(self) -> str:
        return f"<LabHost {self.name} {self.address}>"

    # -- commands and files ------------------------------------------------------------------------------------------

    def run(
        self,
        command: str,
        input: str | None = None,  # noqa: A002 — subprocess.run's own word
        *,
        check: bool = True,
        user: str = "root",
        seconds: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command there; LabError that shows its output when `check` and it fails."""
        done = self.run_bytes(
            command, None if input is None else input.encode(), check=check, user=user, seconds=seconds
        )
        out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        return subprocess.CompletedProcess(command, done.returncode, out, err)

    def run_bytes(
        self, command: str, content: bytes | None = None, *, check: bool = True, user: str = "root", seconds: float = 60
    ) -> subprocess.CompletedProcess[bytes]:
        """The same with bytes."""
        done = self.ssh(user).run(command, content, seconds)
        if check and done.returncode:
            said = (done.stdout + done.stderr).decode(errors="replace")[-3000:]
            raise LabError(f"{self.name}: exit {done.returncode}: {command}\n{said}")
        return done

    def ssh(self, user: str) -> Ssh:
        """The kept connection of that user."""
        if user not in self._ssh:
            place = self.container.home / f"{user}.ssh"
            self._ssh[user] = Ssh(self.address, user, self.key, self.known_hosts, place)
        return self._ssh[user]

    def read(self, path: str) -> bytes:
        """A file's content."""
        return self.run_bytes(f"cat -- {shlex.quote(path)}").stdout

    def write(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Write a file as root, by rename, with a new mtime; its folder is made where it is missing."""
        target, beside = shlex.quote(path), shlex.quote(f"{path}.lab-new")
        folder = shlex.quote(str(Path(path).parent))
        self.run_bytes(
            f"mkdir -p {folder} && cat >{beside} && chmod {mode:o} {beside} && mv -fT {beside} {target}", content
        )

    def exists(self, path: str) -> bool:
        """Whether anything is at that path."""
        return self.run(f"test -e {shlex.quote(path)} || test -L {shlex.quote(path)}", check=False).returncode == 0

    # -- facts -------------------------------------------------------------------------------------------------------

    @property
    def compose(self) -> tuple[str, ...]:
        """The argv of this host's Compose."""
        return (
            ("docker", "compose")
            if self.run("docker compose version", check=False).returncode == 0
            else ("docker-compose",)
        )

    def versions(self) -> dict[str, str]:
        """Version numbers, read from the host: docker, compose, systemd, registry, openssh, gitlab_runner."""
        asked = {
            "docker": "docker version --format '{{.Server.Version}}'",
            "compose": f"{shlex.join(self.compose)} version --short",
            "systemd": "systemctl --version | head -1",
            "registry": "docker-registry --version",
            "openssh": "ssh -V 2>&1",
        }
        found = {name: number(self.run(command).stdout) for name, command in asked.items()}
        runner = self.run("gitlab-runner --version").stdout
        return {**found, "gitlab_runner": "stand-in" if "stand-in" in runner else number(runner)}

    def host_key(self, name: str | None = None, port: int = 22) -> str:
        """The line of this host's ed25519 key for a known_hosts file; `name` and `port` as a proxy in between has them."""
        key = (self.container.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()
        place = name or self.address
        return f"{place if port == 22 else f'[{place}]:{port}'} {key[0]} {key[1]}"

    def pid(self, unit: str) -> int:
        """MainPID of a unit; 0 when it does not run."""
        return int(self.run(f"systemctl show --property=MainPID --value {shlex.quote(unit)}").stdout)

    def active(self, unit: str) -> str:
        """`active`, `inactive`, `activating`, `failed` …"""
        return self.run(f"systemctl is-active {shlex.quote(unit)}", check=False).stdout.strip()

    def docker_info(self, form: str) -> str:
        """`docker info --format FORM`, stripped."""
        return self.run(f"docker info --format {shlex.quote(form)}").stdout.strip()

    def journal(self, unit: str, since: str | None = None) -> str:
        """Messages of a unit in order, all of this boot or those after the cursor `since`."""
        after = f"--after-cursor={shlex.quote(since)}" if since else "--boot"
        return self.run(f"journalctl --no-pager --all --output=cat --unit={shlex.quote(unit)} {after}").stdout

    def cursor(self) -> str:
        """The journal's end now, for `journal`."""
        shown = self.run("journalctl --no-pager --lines=1 --show-cursor --quiet").stdout
        return shown.rpartition("-- cursor: ")[2].strip()

    def get(self, url: str, *, seconds: float = 10) -> tuple[int, str]:
        """Status and body of a GET from the host; status 0 when nothing answers."""
        asked = f"curl -sS --noproxy '*' -m {seconds:g} -w '\\n%{{http_code}}' {shlex.quote(url)}"
        body, _, status = self.run(asked, check=False, seconds=seconds + 10).stdout.rpartition("\n")
        return int(status or 0), body

    # -- state -------------------------------------------------------------------------------------------------------

    def load(self, *images: Image) -> None:
        """Give the host's docker these images."""
        self.run_bytes("docker load --quiet", archive(images), seconds=120)

    def reset(self) -> None:
        """Back to the untouched state: no configuration, containers, volumes, networks, runs; units clean; booted."""
        if not self.container.running():
            self.boot()
        keep = " ".join(image.short for image in self.kept)
        self.run(f"sh -s -- {keep}", RESET.read_text(), seconds=120)

    def note_untouched(self) -> None:
        """What it is like now is what `reset` brings it back to."""
        self.run("sh -s -- --note", RESET.read_text())

    def boot(self, *, seconds: float = 180) -> None:
        """Power on and wait until systemd has started everything."""
        self.container.start()
        self.wait_up(seconds=seconds)

    def wait_up(self, *, seconds: float = 180) -> None:
        """Wait until sshd answers and systemd has started everything; LabError that names failed units."""
        try:
            until(f"{self.name}: sshd", lambda: answers(self.address), seconds=seconds)
        except LabError as error:
            raise LabError(f"{error}\n{self.container.console()[-3000:]}") from error
        # before multi-user.target, pam_nologin may turn everybody but root away
        state = self.run("systemctl is-system-running --wait", check=False, seconds=seconds).stdout.strip()
        if state != "running":
            failed = self.run("systemctl --failed --no-legend; systemctl list-jobs --no-legend", check=False).stdout
            raise LabError(f"{self.name}: {state}\n{failed}")

    def poweroff(self, *, seconds: float = 90) -> None:
        """Shut down in order and wait until it is off."""
        self.run("systemctl poweroff --no-block")
        self.hang_up()
        self.container.wait_off(seconds)

    def reboot(self, *, seconds: float = 90) -> None:
        """Shut down in order, then boot."""
        self.poweroff(seconds=seconds)
        self.boot(seconds=seconds)

    def kill(self) -> None:
        """Cut the power: every process is gone at once."""
        self.hang_up()
        self.container.kill()

    def hang_up(self) -> None:
        """Drop the kept connections."""
        for ssh in self._ssh.values():
            ssh.close()


def number(said: str) -> str:
    """The first version number of a program's output."""
    found = re.search(r"\d+(\.\d+)*", said)
    if found is None:
        raise LabError(f"no version number in {said!r}")
    return found[0]
