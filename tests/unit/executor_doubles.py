"""Connections and displays for tests of a deploy: a display that shows nothing, and connections that break."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runnerops.engine.project import Project
from runnerops.errors import LinkLostError
from runnerops.model.inventory import Host, Inventory, Requester
from runnerops.model.plan import Plan
from runnerops.model.steps import Step
from runnerops.remote.links import HostLink

HOST = Host("h", "h")
SWAP = Step("swap", ("/etc/gitlab-runner/config.toml", "a" * 64, "b" * 64))
PLAN = Plan("h", 8, Requester("me", "here"), forward=(Step("phase", ("gitlab_runner",)), SWAP), digest="mine")
PROJECT = Project(Inventory("inventory.yml", (HOST,), {}), (HOST,), {"h": ()}, {"h": ()}, b"")


class Quiet:
    """Shows nothing."""

    def watch(self, event: object) -> None:
        """Nothing to see."""

    def end(self, outcome: object) -> None:
        """Nothing to see."""

    def hush(self) -> None:
        """It says nothing anyway."""

    def say(self, text: str) -> None:
        """Nothing to see."""

    gather = resume = hush


class Breaking:
    """The way to a host that prints a run to its end; whatever is read after that finds the connection lost."""

    status = 0

    def host_link(self, host: Host) -> HostLink:
        assert host is HOST
        return HostLink(lambda: self, lambda: self)

    def reader(self, host: Host) -> Breaking:
        assert host is HOST
        return self

    def lines(self, command: Sequence[str], stdin: bytes) -> Iterator[bytes]:
        assert command
        assert isinstance(stdin, bytes)
        yield from (b"1.0\tforward\t1\tstep\t\n", b"1.1\tforward\t1\tfail\t\n", b"1.2\t\t-1\tend\trolled-back\n")

    def read(self, script: bytes) -> bytes:
        assert script
        raise LinkLostError("h", "the connection was lost")


class Several(Breaking):
    """Hosts whose runs end as their names say."""

    def host_link(self, host: Host) -> HostLink:
        return HostLink(lambda: Several(host.name), lambda: Several(host.name))

    def reader(self, host: Host) -> Several:
        return Several(host.name)

    def __init__(self, name: str = "") -> None:
        self._name = name

    def lines(self, command: Sequence[str], stdin: bytes) -> Iterator[bytes]:
        assert command
        assert stdin
        end = "failed" if "bad" in self._name else "applied"
        yield from (b"1.0\tforward\t1\tstep\t\n", f"1.2\t\t-1\tend\t{end}\n".encode())
