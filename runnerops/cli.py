"""The command line: commands, flags and the one place where errors are printed. A command's modules load when it is called."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer
import typer.core

from runnerops import __version__
from runnerops.errors import RunneropsError, UsageError
from runnerops.model.common import Exit

if TYPE_CHECKING:
    from runnerops.engine.options import Flags
    from runnerops.report.screen import Screen

Parsed = TypeVar("Parsed")

app = typer.Typer(
    name="runnerops",
    help="Deploy GitLab Runner, the Docker daemon and a pull-through cache of Docker Hub over SSH, losing no CI job.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class _Command(typer.core.TyperCommand):
    """A command whose help shows an argument by its name alone: newer typers set braces around it and a type beside."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for param in self.params:
            if param.param_type_name == "argument" and hasattr(param, "display_type"):
                param.display_type = lambda *_, **__: ""
            if param.required and hasattr(param, "_usage_display_name"):
                param._usage_display_name = partial(str, param.metavar)


command = partial(app.command, cls=_Command)


class Format(StrEnum):
    """How to print the answer."""

    TEXT = "text"
    JSON = "json"


def _seconds(text: str | int) -> int:
    from runnerops.commands.options import parse_time

    return _usage(lambda: parse_time(str(text)))


def _run_number(text: str | int) -> int:
    from runnerops.commands.options import parse_run

    return _usage(lambda: parse_run(str(text)))


def _code(word: str) -> str:
    from runnerops.commands.options import parse_allow

    _usage(lambda: parse_allow([word]))
    return word


def _report(word: str) -> str:
    from runnerops.commands.reports import parse_reports

    _usage(lambda: parse_reports([word]))
    return word


def _usage(parse: Callable[[], Parsed]) -> Parsed:
    """A bad value as typer tells one: with the flag that it was given to."""
    try:
        return parse()
    except UsageError as error:
        raise typer.BadParameter("; ".join(filter(None, (error.message, error.hint)))) from None


TargetList = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TARGET", help="Hosts, groups or globs; !NAME leaves out; none means all.", show_default=False
    ),
]
OneHost = Annotated[str, typer.Argument(metavar="HOST", help="One host of the inventory.", show_default=False)]
InventoryFile = Annotated[Path, typer.Option("-i", "--inventory", metavar="FILE", help="The inventory.")]
Output = Annotated[Format, typer.Option("-o", "--output", metavar="text|json", help="How to print the answer.")]
Verbose = Annotated[
    int,
    typer.Option(
        "-v", "--verbose", count=True, metavar="", help="Each step and its command; -vv: uncut.", show_default=False
    ),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="CODE[@HOST]",
        help="Override a blocker, for all hosts or for one; may be repeated.",
        show_default=False,
        parser=_code,
    ),
]
Report = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="DIR|FORMAT=FILE",
        help="Write what was found as codequality, junit and sarif into DIR, or one of them into FILE; may be repeated.",
        show_default=False,
        parser=_report,
    ),
]
KillJobs = Annotated[bool, typer.Option("--kill-jobs", help="Go on although running CI jobs end with it.")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Skip the confirmation; overrides no safety check.")]
VerifyTimeout = Annotated[
    int,
    typer.Option(
        "--verify-timeout",
        metavar="TIME",
        help="How long a service may take to show that it runs what it should.  [default: 60s]",
        show_default=False,
        parser=_seconds,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what it would do; changes nothing.")]
DrainTimeout = Annotated[
    int,
    typer.Option(
        "--drain-timeout",
        metavar="TIME",
        help="How long running jobs may take before a restart is given up.  [default: 2h]",
        show_default=False,
        parser=_seconds,
    ),
]
NoWait = Annotated[
    bool,
    typer.Option("--no-wait", help="Leave as soon as a host waits for running jobs; it goes on by itself (exit 3)."),
]
LockWait = Annotated[
    int | None,
    typer.Option(
        "--lock-wait",
        metavar="TIME",
        help="Wait that long for another run on a host to end (90s, 5m, 2h), then plan anew.",
        show_default=False,
        parser=_seconds,
    ),
]
DEFAULT_INVENTORY = Path("inventory.yml")


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Options that stand before a command."""
    if version:
        typer.echo(f"runnerops {__version__}")
        raise typer.Exit


@command()
def check(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            help="Single files (- is standard input); none: the inventory and all it renders.",
            show_default=False,
        ),
    ] = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    kind: Annotated[
        str,
        typer.Option(
            "--as", metavar="runner|daemon|registry|compose", help="What the files are, where the name does not tell."
        ),
    ] = "",
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too.")] = False,
    report: Report = None,
    output: Output = Format.TEXT,
) -> None:
    """Find what would stop or cut off a service, without a host."""
    from runnerops.commands.check import check as run
    from runnerops.commands.reports import parse_reports

    _run(
        lambda screen: run(
            inventory,
            files or [],
            kind,
            os.environ,
            screen,
            strict=strict,
            as_json=_json(output),
            reports=parse_reports(report or []),
        )
    )


@command()
def adopt(
    host: Annotated[
        str, typer.Argument(metavar="HOST", help="A host of the inventory, or USER@ADDRESS[:PORT].", show_default=False)
    ],
    inventory: InventoryFile = DEFAULT_INVENTORY,
    write: Annotated[
        bool,
        typer.Option("--write", help="Put it into the inventory, secrets into .env; nothing there is written over."),
    ] = False,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What USER@ADDRESS is called; its address if left out.")
    ] = "",
) -> None:
    """Print a host's entry for the inventory, as the host is.

    Nothing is changed there; what a deploy of it would do is shown.
    """
    from runnerops.commands.adopt import adopt as run

    _run(lambda screen: run(inventory, host, os.environ, screen, name, write=write))


@command()
def render(
    targets: TargetList = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    directory: Annotated[
        Path | None,
        typer.Option(
            "-d", "--directory", metavar="DIR", help="Write the files below DIR/HOST (0600).", show_default=False
        ),
    ] = None,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Real secrets in the files below DIR; never in CI.")
    ] = False,
) -> None:
    """Show the files as they render, secrets masked."""
    from runnerops.commands.render import render as run

    _run(lambda screen: run(inventory, targets or [], os.environ, screen, directory, with_secrets=with_secrets))


@command()
def hosts(
    targets: TargetList = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    explain: Annotated[
        str,
        typer.Option(
            "--explain", metavar="HOST", help="Where each of this host's values comes from.", show_default=False
        ),
    ] = "",
    output: Output = Format.TEXT,
) -> None:
    """List the hosts with their services and caches."""
    from runnerops.commands.hosts import hosts as run

    _run(lambda screen: run(inventory, targets or [], screen, explain, as_json=_json(output)))


@command()
def diff(
    targets: TargetList = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    output: Output = Format.TEXT,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with 3 when changes are pending.")] = False,
    allow: Allow = None,
    kill_jobs: KillJobs = False,
    verbose: Verbose = 0,
) -> None:
    """Show what deploy would do; changes nothing."""
    from runnerops.commands.diff import diff as run

    _run(
        lambda screen: run(
            inventory,
            targets or [],
            os.environ,
            screen,
            _flags(allow, kill_jobs),
            as_json=_json(output),
            exit_code=exit_code,
            verbose=verbose,
        )
    )


@command()
def deploy(
    targets: TargetList = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    yes: Yes = False,
    allow: Allow = None,
    kill_jobs: KillJobs = False,
    drain_timeout: DrainTimeout = 7200,
    no_wait: NoWait = False,
    verify_timeout: VerifyTimeout = 60,
    lock_wait: LockWait = None,
    output: Output = Format.TEXT,
    verbose: Verbose = 0,
) -> None:
    """Show the plan, confirm, apply it and verify the result."""
    from runnerops.commands.deploy import deploy as run
    from runnerops.engine.options import UiOptions

    _run(
        lambda screen: run(
            inventory,
            targets or [],
            os.environ,
            screen,
            _flags(allow, kill_jobs, verify_timeout, lock_wait, drain_timeout),
            UiOptions(yes, _json(output), verbose, no_wait),
        )
    )


@command()
def rollback(
    host: OneHost,
    to: Annotated[
        int | None,
        typer.Option(
            "--to",
            metavar="RUN",
            parser=_run_number,
            help="The files as RUN left them (0: from before the first run); without it: from before the last change.",
            show_default=False,
        ),
    ] = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    dry_run: DryRun = False,
    yes: Yes = False,
    allow: Allow = None,
    kill_jobs: KillJobs = False,
    drain_timeout: DrainTimeout = 7200,
    no_wait: NoWait = False,
    verify_timeout: VerifyTimeout = 60,
    lock_wait: LockWait = None,
    output: Output = Format.TEXT,
    verbose: Verbose = 0,
) -> None:
    """Bring back the files from before a run.

    Planned, confirmed, applied and verified as a deploy is.
    """
    from runnerops.commands.rollback import rollback as run
    from runnerops.engine.options import UiOptions

    flags = _flags(allow, kill_jobs, verify_timeout, lock_wait, drain_timeout)
    ui = UiOptions(yes, _json(output), verbose, no_wait, dry_run)
    _run(lambda screen: run(inventory, host, os.environ, screen, flags, ui, to))


@command()
def remove(
    host: OneHost,
    service: Annotated[
        str,
        typer.Argument(
            metavar="SERVICE", help="docker, registry or gitlab_runner; none means all of them.", show_default=False
        ),
    ] = "",
    volumes: Annotated[bool, typer.Option("--volumes", help="What the caches hold goes too.")] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Then /var/lib/runnerops goes too: no history, no rollback.")
    ] = False,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    dry_run: DryRun = False,
    yes: Yes = False,
    allow: Allow = None,
    kill_jobs: KillJobs = False,
    drain_timeout: DrainTimeout = 7200,
    no_wait: NoWait = False,
    verify_timeout: VerifyTimeout = 60,
    lock_wait: LockWait = None,
    output: Output = Format.TEXT,
    verbose: Verbose = 0,
) -> None:
    """Take services off a host, as before the first deploy.

    Planned, confirmed, applied and verified as a deploy is.
    """
    from dataclasses import replace

    from runnerops.commands.remove import remove as run
    from runnerops.engine.options import UiOptions

    flags = replace(_flags(allow, kill_jobs, verify_timeout, lock_wait, drain_timeout), volumes=volumes)
    ui = UiOptions(yes, _json(output), verbose, no_wait, dry_run)
    _run(lambda screen: run(inventory, host, service, os.environ, screen, flags, ui, forget=forget))


@command()
def history(
    host: OneHost,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Follow the run that is going on to its end; the exit code is the run's."),
    ] = False,
    output: Output = Format.TEXT,
    verbose: Verbose = 0,
) -> None:
    """Show a host's last runs, and how they ended.

    Who began each, from where, and what was done.
    """
    from runnerops.commands.history import history as run

    _run(lambda screen: run(inventory, host, os.environ, screen, follow=follow, as_json=_json(output), verbose=verbose))


@command()
def verify(
    targets: TargetList = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    image: Annotated[
        str,
        typer.Option(
            "--image",
            metavar="IMAGE",
            help="The image that is pulled; afterwards the host has it only if it had it before.",
        ),
    ] = "alpine:3",
    quick: Annotated[bool, typer.Option("--quick", help="Only read: nothing is pulled.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Show by a pull that each host is served by its cache.

    Every link that is broken is named, with its reason and fix.
    """
    from runnerops.commands.verify import verify as run

    _run(lambda screen: run(inventory, targets or [], os.environ, screen, image, quick=quick, as_json=_json(output)))


@command()
def catalog(
    targets: TargetList = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    tags: Annotated[bool, typer.Option("--tags", help="Also the tags that each cache holds.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """List what the caches hold."""
    from runnerops.commands.catalog import catalog as run

    _run(lambda screen: run(inventory, targets or [], os.environ, screen, tags=tags, as_json=_json(output)))


@command()
def status(
    targets: TargetList = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with 3 when changes are pending.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Show what runs on each host, and what is unfinished there.

    Its last run too, and files whose section went.
    """
    from runnerops.commands.status import status as run

    _run(lambda screen: run(inventory, targets or [], os.environ, screen, as_json=_json(output), exit_code=exit_code))


@command()
def trust(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TARGET", help="Hosts, groups or globs, at least one; !NAME leaves out.", show_default=False
        ),
    ] = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    fingerprint: Annotated[
        list[str] | None,
        typer.Option(
            "--fingerprint",
            metavar="SHA256:…",
            help="Trust a key with this fingerprint without asking.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show the SSH keys of hosts; a yes keeps them.

    They are kept in known_hosts beside the inventory.
    """
    from runnerops.commands.trust import trust as run

    _run(lambda screen: run(inventory, targets or [], os.environ, screen, fingerprint or []))


@command()
def dind(inventory: InventoryFile = DEFAULT_INVENTORY) -> None:
    """Print what a job sets to use a cache in Docker-in-Docker.

    For runners that are not managed here.
    """
    from runnerops.commands.dind import dind as run

    _run(lambda screen: run(inventory, screen))


@command()
def schema() -> None:
    """Print the inventory's JSON Schema, for editors."""
    from runnerops.commands.schema import schema as run

    _run(run)


@command(name="explain")
def explain_code(
    code: Annotated[str, typer.Argument(metavar="CODE", help="A blocker or a rule, e.g. last-mirror or R006.")],
) -> None:
    """Say what a blocker or a rule means, and what to do."""
    from runnerops.commands.explain import explain as run

    _run(lambda screen: run(code, screen))


@command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the host running until Ctrl-C, to play with.")] = False,
) -> None:
    """Try it without a server.

    Real deploys to a simulated host in a scratch directory.
    """
    from runnerops.demo.stage import demo as run

    _run(lambda screen: run(os.environ, screen, keep=keep))


def _json(output: Format) -> bool:
    return output is Format.JSON


def _flags(
    allow: list[str] | None, kill_jobs: bool, verify_s: int = 60, lock_wait_s: int | None = None, drain_s: int = 7200
) -> Flags:
    from runnerops.commands.options import parse_allow
    from runnerops.engine.options import Flags

    return Flags(parse_allow(allow or []), kill_jobs, drain_s, verify_s, lock_wait_s or 0)


def _run(command: Callable[[Screen], Exit]) -> None:
    """Calls a command and turns errors of ours into their message and exit code."""
    from runnerops.report.screen import Screen

    screen = Screen()
    try:
        code = command(screen)
    except RunneropsError as error:
        show_error(screen, error)
        code = error.exit
    raise typer.Exit(code)


def show_error(screen: Screen, error: RunneropsError) -> None:
    """`place: problem`, then a blank line and the fix."""
    for line in error.message.splitlines():
        screen.say(line, "bad")
    if error.hint:
        screen.say()
        screen.say(f"hint: {error.hint}")


def main() -> None:
    """The console script. A bug of ours ends in one paragraph, not in a traceback."""
    gc.set_threshold(100_000)  # a short life: collecting while modules load costs more than it frees
    try:
        app()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        code = Exit.INTERRUPTED
    except RunneropsError as error:  # raised before a command had its screen
        from runnerops.report.screen import Screen

        show_error(Screen(), error)
        code = error.exit
    except Exception as error:  # the one boundary: whatever is left is a bug
        from runnerops.report.bug import report_bug

        code = report_bug(error)
    _leave(code)


def _leave(code: int) -> NoReturn:
    """Everything is closed by now, and taking the interpreter apart would cost a tenth of a short command's time."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
