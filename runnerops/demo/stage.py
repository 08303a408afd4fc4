"""Sets the demo up, tells its story and takes everything away again, however it ends."""

from __future__ import annotations

import contextlib
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from runnerops.demo.simulated.processes import adopt_orphans, end_descendants
from runnerops.demo.site import Site
from runnerops.demo.story import ENVIRONMENT, INVENTORY, SCENES, Scene
from runnerops.errors import RunneropsError
from runnerops.model.common import Exit
from runnerops.report.screen import Screen

WIDTH = 78
KEY = "id_ecdsa"
_REST_SECONDS = 10
_HINT = "set TMPDIR to a folder with room, in which programs may run"
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "NO_COLOR", "COLUMNS", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
"""Of the user's environment: no key, agent or setting of theirs takes part."""


def demo(environ: Mapping[str, str], screen: Screen, *, keep: bool) -> Exit:
    """Ends well if every command of the story ended as it must. Raises RunneropsError where there can be no demo."""
    if not sys.platform.startswith("linux"):
        raise RunneropsError("demo: needs Linux, as the hosts do", "`runnerops check` works everywhere")
    with _scratch(environ) as site, _served(site) as port:
        _introduce(screen, site, port)
        began = time.monotonic()
        for number, scene in enumerate(SCENES, 1):
            if not _play(screen, site, environ, number, scene):
                return Exit.FAILED
        screen.data()
        screen.data(f"That was all of it, in {time.monotonic() - began:.1f} s.", "host")
        if keep:
            _keep(screen, site, port)
        else:
            _say(screen, "`runnerops demo --keep` leaves the host running, to play with. `runnerops --help` lists all.")
    return Exit.OK


@contextlib.contextmanager
def _scratch(environ: Mapping[str, str]) -> Iterator[Site]:
    """A folder that goes in the end, with every process that was started in it."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    adopt_orphans()
    place = environ.get("TMPDIR") or "/tmp"  # noqa: S108
    try:
        folder = Path(tempfile.mkdtemp(prefix="runnerops-demo-", dir=place)).resolve()
    except OSError as error:
        raise RunneropsError(f"{place}: no folder can be made there: {error.strerror}", _HINT) from None
    try:
        site = Site(folder)
        _build(site)
        yield site
    finally:
        end_descendants(signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _build(site: Site) -> None:
    """And sees that programs may run there."""
    try:
        site.build()
        _ask(site, "systemctl", "is-active", "docker")
    except (OSError, subprocess.CalledProcessError) as error:
        raise RunneropsError(f"{site.folder}: no host can be made there: {error}", _HINT) from None


def _leave(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)


@contextlib.contextmanager
def _served(site: Site) -> Iterator[int]:
    """The host's SSH server and the project that reaches it; the port."""
    from runnerops.demo.server import Server, make_key  # noqa: PLC0415  paramiko is slow to import

    guest = make_key(site.project / KEY)
    with Server(site.environ, site.root / "root", guest) as server:
        (site.project / "known_hosts").write_text(server.known_hosts)
        (site.project / "inventory.yml").write_text(INVENTORY.format(port=server.port, key=KEY))
        (site.project / ".env").write_text(ENVIRONMENT.format(secrets.token_urlsafe(15)))
        yield server.port


def _introduce(screen: Screen, site: Site, port: int) -> None:
    screen.data("runnerops demo: a host of your own, in a scratch directory of this machine", "host")
    _say(
        screen,
        f"The deploys you will see are real: planned, sent over SSH to 127.0.0.1 port {port} (a server in this process, "
        "its host key pinned), and walked there by the script that every host gets.",
    )
    screen.data()
    _say(
        screen,
        "Simulated are the host's programs: docker, Compose, dockerd, systemctl, gitlab-runner, curl. They refuse what "
        f"the real ones refuse. Everything is written below {site.folder} and goes at the end.",
    )


def _play(screen: Screen, site: Site, environ: Mapping[str, str], number: int, scene: Scene) -> bool:
    """Whether every line that is typed ended as it must."""
    screen.data()
    screen.data(f"── {number}. {scene.title} ".ljust(WIDTH, "─"), "host")
    _say(screen, scene.says)
    for template, ends in scene.types:
        line = template.format(root=site.root)
        screen.data()
        screen.data(f"$ {line}", "typed")
        status = _type(line, site, environ)
        if status:
            screen.data(f"(exit status {status})", "dim")
            _come_to_rest(site)
        if status != ends:
            screen.say(f"demo: that should have ended with {ends}; please tell the project's issues", "bad")
            return False
    return True


def _come_to_rest(site: Site) -> None:
    """A rollback leaves the runner's return to a unit of its own, which may be at it still."""
    ends = time.monotonic() + _REST_SECONDS
    while _ask(site, "systemctl", "list-units", "runnerops-*") and time.monotonic() < ends:
        time.sleep(0.05)


def _ask(site: Site, *argv: str) -> str:
    """What a program of the host says."""
    argv = (f"{site.root}/usr/bin/{argv[0]}", *argv[1:])
    return subprocess.run(argv, env=dict(site.environ), capture_output=True, text=True, check=True).stdout


def _type(line: str, site: Site, environ: Mapping[str, str]) -> int:
    """As a user's shell would run it in the project's folder. Errors go where answers go: they are read together."""
    words = shlex.split(line)
    argv = [sys.executable, "-m", *words] if words[0] == "runnerops" else words
    kept = {name: environ[name] for name in _KEPT if name in environ}
    done = subprocess.run(
        argv, cwd=site.project, env={**kept, "HOME": str(site.folder)}, stdin=subprocess.DEVNULL, stderr=1, check=False
    )
    return done.returncode


def _say(screen: Screen, text: str) -> None:
    """A paragraph."""
    screen.data(text)


def _keep(screen: Screen, site: Site, port: int) -> None:
    """Until Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        _say(screen, "The host stays until you press Ctrl-C here. In another terminal:")
        known = "-o UserKnownHostsFile=known_hosts"
        own = Path(sys.executable).with_name("runnerops")
        program = "runnerops" if shutil.which("runnerops") == str(own) else str(own)
        for line in (
            f"cd {site.project}",
            f"{program} diff -v                # edit inventory.yml first",
            f"{program} deploy",
            f"{program} status",
            f"{program} verify",
            f"ssh -F none -i {KEY} {known} -p {port} root@127.0.0.1 'docker pull -q alpine:3; docker ps'",
            f"ls -R {site.root}/etc {site.root}/var/lib/runnerops",
        ):
            screen.data(f"  {line}", "typed")
        signal.pause()
    screen.data()
    screen.data(f"{site.folder} is gone, and so is the host.")
