"""`runnerops deploy`: its options and help."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runnerops.cli import completion
from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, DryRun, InventoryFile, Only, RunOptions, TargetList, invocation
from runnerops.cli.values import batch_size, health_check, host_count, path, seconds

if TYPE_CHECKING:
    from runnerops.model.rollout import Rollout


@dataclass(frozen=True)
class RolloutOptions:
    """Options that override the inventory's `rollout`."""

    canary: Annotated[
        str | None,
        typer.Option(
            "--canary",
            metavar="HOST",
            help="One of the targets, which goes first, alone.",
            show_default=False,
            autocompletion=completion.hosts,
        ),
    ] = None
    batch: Annotated[
        str | None,
        typer.Option(
            "--batch",
            metavar="N|N%",
            help="How many hosts may be disturbed at a time.  [default: 25%]",
            show_default=False,
            parser=batch_size,
        ),
    ] = None
    max_failures: Annotated[
        int | None,
        typer.Option(
            "--max-failures",
            metavar="N",
            parser=host_count,
            help="Begin no further host after this many have failed.  [default: 1]",
            show_default=False,
        ),
    ] = None
    pause: Annotated[
        int | None,
        typer.Option(
            "--pause", metavar="TIME", help="Time between batches.  [default: none]", show_default=False, parser=seconds
        ),
    ] = None
    health: Annotated[
        str | None,
        typer.Option(
            "--health",
            metavar="verify|none",
            help="verify: each host must pass `runnerops verify` after its run, or it counts as failed.  [default: none]",
            show_default=False,
            parser=health_check,
            autocompletion=completion.one_of("verify", "none"),
        ),
    ] = None
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a rollout that stopped: the canary goes last instead of first.")
    ] = False

    def over(self, usual: Rollout) -> Rollout:
        """Returns the inventory's `rollout` with these options in place of its values."""
        canary = usual.canary if self.canary is None else self.canary
        canary, last = ("", canary) if self.resume else (canary, "")
        options: dict[str, Any] = {"batch": self.batch, "max_failures": self.max_failures, "pause_s": self.pause}
        options["health"] = None if self.health is None else self.health == "verify"
        changed: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
        return replace(usual, canary=canary, last=last, canary_named=bool(self.canary), **changed)


def deploy(
    targets: TargetList = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE",
            parser=path,
            help="Deploy the plan that `diff --save-plan FILE` saved, or nothing if it is outdated.",
            show_default=False,
        ),
    ] = None,
    plan_age: Annotated[
        int,
        typer.Option(
            "--plan-age",
            metavar="TIME",
            help="Maximum age of a saved plan.  [default: 24h]",
            show_default=False,
            parser=seconds,
        ),
    ] = 86400,
    only: Only = None,
    dry_run: DryRun = False,
    rollout: RolloutOptions = RolloutOptions(),
    options: RunOptions = RunOptions(),
) -> None:
    """Show the plan, ask, apply it and verify the result."""
    from runnerops.commands.deploy import PlanFile
    from runnerops.commands.deploy import deploy as run

    plan_file = PlanFile(plan, plan_age) if plan else None
    flags = options.flags(only or [])
    run_command(
        lambda screen: run(
            invocation(inventory, targets, screen), flags, options.ui(dry_run=dry_run), rollout.over, plan_file
        ),
        asks_sudo_password=options.ask_sudo_password,
    )
