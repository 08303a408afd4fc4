"""One booted root file system: overlay, network namespace, systemd-nspawn. Knows nothing of Docker or SSH."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.lab.shell import LabError, run, until
from tests.lab.slot import Slot, end_group, in_group, members

PLAIN = ("/var/lib/docker", "/var/lib/containerd")  # overlay2 cannot lie on an overlay


class Container:
    """A host's hardware: `root` can be written to while it is off, `start` and `kill` are its power switch."""

    def __init__(self, slot: Slot, name: str, number: int, base: Path) -> None:
        self.name = name
        self.address = slot.address(number)
        self.hardware_address = slot.hardware_address(number)
        self.group = slot.name(name)
        self.cable = slot.name(str(number))
        self.prefix = slot.network.prefixlen
        self.bridge = slot.bridge
        self.home = slot.scratch / name
        self.root = self.home / "root"
        self.binds: dict[Path, str] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self._mount(base)

    def _mount(self, base: Path) -> None:
        for folder in ("upper", "work", "root"):
            (self.home / folder).mkdir(parents=True)
        for path in PLAIN:
            plain = self.home / Path(path).name
            plain.mkdir()
            self.binds[plain] = path
        layers = f"lowerdir={base},upperdir={self.home}/upper,workdir={self.home}/work"
        run(["mount", "-t", "overlay", "-o", layers, "overlay", str(self.root)])

    def start(self) -> None:
        """Power on. Returns at once; the host is not up yet."""
        if self.running():
            raise LabError(f"{self.name}: is on already")
        end_group(self.group)
        self._plug_in()
        argv = ["systemd-nspawn", "--quiet", f"--directory={self.root}", "--boot", f"--machine={self.name}"]
        argv += ["--capability=all", "--register=no", "--keep-unit", "--system-call-filter=@keyring bpf"]
        argv += ["--resolv-conf=off", "--timezone=off", "--link-journal=no"]
        argv += [f"--network-namespace-path=/run/netns/{self.group}"]
        argv += [f"--bind={outside}:{inside}" for outside, inside in self.binds.items()]
        with (self.home / "console.log").open("ab") as console:
            self.process = subprocess.Popen(
                in_group(self.group, argv),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                env={"PATH": os.environ["PATH"], "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"},
            )

    def _plug_in(self) -> None:
        """A fresh network namespace, as after any power cut, with one cable to the bridge."""
        run(["ip", "link", "delete", self.cable], check=False)
        run(["ip", "netns", "delete", self.group], check=False)
        run(["ip", "netns", "add", self.group])
        batch = f"link add {self.cable} type veth peer name eth0 address {self.hardware_address} netns {self.group}\n"
        batch += f"link set {self.cable} master {self.bridge} up\n"
        run(["ip", "-batch", "-"], text=batch)
        batch = f"address add {self.address}/{self.prefix} dev eth0\nlink set eth0 up\nlink set lo up\n"
        run(["ip", "-netns", self.group, "-batch", "-"], text=batch)

    def running(self) -> bool:
        """Whether any process of the host is alive."""
        if self.process is not None and self.process.poll() is not None:
            self.process = None
        return self.process is not None or bool(members(self.group))

    def wait_off(self, seconds: float) -> None:
        """Wait until the host has powered itself off."""
        until(f"{self.name}: power off", lambda: not self.running(), seconds=seconds)
        end_group(self.group)

    def kill(self) -> None:
        """Cut the power."""
        end_group(self.group)
        if self.process is not None:
            self.process.wait(timeout=60)
            self.process = None

    def console(self) -> str:
        """What the host's console said."""
        path = self.home / "console.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def bind_file(self, outside: Path, inside: str) -> None:
        """Show a file of this machine inside, from the next start on."""
        self.binds[outside] = inside

    def copy_file(self, outside: Path, inside: str, mode: int = 0o644) -> None:
        """Copy a file of this machine into the root."""
        target = self.root / inside.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(outside, target)
        target.chmod(mode)

    def write_file(self, inside: str, content: str, mode: int = 0o644, owner: int = 0) -> None:
        """Write a file of the root."""
        target = self.root / inside.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        target.chmod(mode)
        os.chown(target, owner, owner)
