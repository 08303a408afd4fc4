"""Sets the demo up, plays its scenes, and removes everything again, however it ends."""

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
_HINT = "set TMPDIR to a folder that has room and is not mounted noexec"
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "NO_COLOR", "COLUMNS", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
"""The variables of the user's environment that commands get. No key, agent or setting of the user has an effect."""


def demo(environ: Mapping[str, str], screen: Screen, *, keep: bool) -> Exit:
    """Returns `Exit.OK` if every command ended with its expected exit status. Raises RunneropsError if the demo cannot
    run on this machine.
    """
    if not sys.platform.startswith("linux"):
        raise RunneropsError("demo: it needs Linux", "use a Linux machine; `runnerops check` works everywhere")
    with _scratch(environ) as site, _served(site) as port:
        _introduce(screen, site, port)
        began = time.monotonic()
        for number, scene in enumerate(SCENES, 1):
            if not _play(screen, site, environ, number, scene):
                return Exit.FAILED
        screen.data()
        screen.data(f"That was the demo, in {time.monotonic() - began:.1f} s.", "host")
        if keep:
            _keep(screen, site, port)
        else:
            _say(
                screen,
                "`runnerops demo --keep` leaves the host running, so that you can try things out. `runnerops --help` "
                "lists all commands.",
            )
    return Exit.OK


@contextlib.contextmanager
def _scratch(environ: Mapping[str, str]) -> Iterator[Site]:
    """A scratch folder. At the end it is removed, and every process that was started in it is ended."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    adopt_orphans()
    place = environ.get("TMPDIR") or "/tmp"  # noqa: S108
    try:
        folder = Path(tempfile.mkdtemp(prefix="runnerops-demo-", dir=place)).resolve()
    except OSError as error:
        raise RunneropsError(f"{place}: cannot create a folder there: {error.strerror}", _HINT) from None
    try:
        site = Site(folder)
        _build(site)
        yield site
    finally:
        end_descendants(signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _build(site: Site) -> None:
    """Writes the simulated host, and checks that programs can run in its folder."""
    try:
        site.build()
        _ask(site, "systemctl", "is-active", "docker")
    except (OSError, subprocess.CalledProcessError) as error:
        raise RunneropsError(f"{site.folder}: the simulated host does not work there: {error}", _HINT) from None


def _leave(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)


@contextlib.contextmanager
def _served(site: Site) -> Iterator[int]:
    """Runs the host's SSH server, writes the project that reaches it, and yields its port."""
    from runnerops.demo.server import Server, make_key  # noqa: PLC0415  paramiko is slow to import

    guest = make_key(site.project / KEY)
    with Server(site.environ, site.root / "root", guest) as server:
        (site.project / "known_hosts").write_text(server.known_hosts, encoding="utf-8")
        (site.project / "inventory.yml").write_text(INVENTORY.format(port=server.port, key=KEY), encoding="utf-8")
        (site.project / ".env").write_text(ENVIRONMENT.format(secrets.token_urlsafe(15)), encoding="utf-8")
        yield server.port


def _introduce(screen: Screen, site: Site, port: int) -> None:
    screen.data("runnerops demo: deploys to a simulated host in a scratch directory", "host")
    screen.data()
    _say(
        screen,
        f"The deploys are real: each is planned, sent over SSH to 127.0.0.1 port {port} (an SSH server in this process, "
        "whose host key is known), and carried out by the same script as on every host.",
    )
    screen.data()
    _say(
        screen,
        "Only the host's programs are simulated: docker, Compose, dockerd, systemctl, gitlab-runner and curl. They "
        f"refuse what the real ones refuse. All files are below {site.folder}, which is removed at the end.",
    )


def _play(screen: Screen, site: Site, environ: Mapping[str, str], number: int, scene: Scene) -> bool:
    """Runs the commands of a scene. Returns whether each ended with its expected exit status."""
    screen.data()
    screen.data(f"── {number}. {scene.title} ".ljust(WIDTH, "─"), "host")
    _say(screen, scene.paragraph)
    for template, ends in scene.types:
        line = template.format(root=site.root)
        screen.data()
        screen.data(f"$ {line}", "typed")
        status = _type(line, site, environ)
        if status:
            screen.data(f"(exit status {status})", "dim")
            _come_to_rest(site)
        if status != ends:
            screen.say(
                f"demo: this command should have ended with {ends}; please report it as an issue of runnerops", "bad"
            )
            return False
    return True


def _come_to_rest(site: Site) -> None:
    """Waits for the unit that starts the runner again after a rollback. It may outlive the command."""
    ends = time.monotonic() + _REST_SECONDS
    while _ask(site, "systemctl", "list-units", "runnerops-*") and time.monotonic() < ends:
        time.sleep(0.05)


def _ask(site: Site, *argv: str) -> str:
    """The output of a program of the host."""
    argv = (f"{site.root}/usr/bin/{argv[0]}", *argv[1:])
    return subprocess.run(argv, env=dict(site.environ), capture_output=True, encoding="utf-8", check=True).stdout


def _type(line: str, site: Site, environ: Mapping[str, str]) -> int:
    """Runs a command line in the project's folder, and returns its exit status. Its errors go to standard output too, so
    that both appear in order.
    """
    words = shlex.split(line)
    argv = [sys.executable, "-m", *words] if words[0] == "runnerops" else words
    variables = {name: environ[name] for name in _KEPT if name in environ}
    completed = subprocess.run(
        argv,
        cwd=site.project,
        env={**variables, "HOME": str(site.folder)},
        stdin=subprocess.DEVNULL,
        stderr=1,
        check=False,
    )
    return completed.returncode


def _say(screen: Screen, text: str) -> None:
    """Prints a paragraph."""
    screen.data(text, "prose")


def _keep(screen: Screen, site: Site, port: int) -> None:
    """Prints commands to try, and waits until Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        _say(screen, "The host keeps running until you press Ctrl-C here. Try in another terminal:")
        host_keys = "-o UserKnownHostsFile=known_hosts"
        path = Path(sys.executable).with_name("runnerops")
        program = "runnerops" if shutil.which("runnerops") == str(path) else str(path)
        for line in (
            f"cd {site.project}",
            f"{program} diff -v                # edit inventory.yml first",
            f"{program} deploy",
            f"{program} status",
            f"{program} verify",
            f"ssh -F none -i {KEY} {host_keys} -p {port} root@127.0.0.1 'docker pull -q alpine:3; docker ps'",
            f"ls -R {site.root}/etc {site.root}/var/lib/runnerops",
        ):
            screen.data(f"  {line}", "typed")
        while True:  # the timer of `report.signals` ends each pause
            signal.pause()
    screen.data()
    screen.data(f"The host and {site.folder} are removed.")
