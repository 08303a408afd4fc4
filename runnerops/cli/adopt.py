"""`runnerops adopt`: its options and help."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, AskSudoPassword, InventoryFile, Output
from runnerops.cli.values import Format, path

AnsibleInventory = Annotated[
    Path | None,
    typer.Option(
        "--from-ansible",
        metavar="FILE",
        parser=path,
        help="Hosts of this Ansible inventory; HOST is then a host, group or glob of it, none means all.",
        show_default=False,
    ),
]


def adopt(
    hosts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="HOST", help="Hosts of the inventory, or [NAME=]USER@ADDRESS[:PORT].", show_default=False
        ),
    ] = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    ask_sudo_password: AskSudoPassword = False,
    write: Annotated[
        bool,
        typer.Option("--write", help="Put it into the inventory, secrets into .env; nothing there is written over."),
    ] = False,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What USER@ADDRESS is called; its address if left out.")
    ] = "",
    group: Annotated[
        str,
        typer.Option("--group", metavar="NAME", help="The group that they join; a new one says once what they share."),
    ] = "",
    ansible: AnsibleInventory = None,
    output: Output = Format.TEXT,
) -> None:
    """Print hosts' entries for the inventory, as the hosts are.

    Nothing is changed there; what a deploy of it would do is shown.
    """
    from runnerops.commands.adopt import AdoptOptions
    from runnerops.commands.adopt import adopt as run

    options = AdoptOptions(name, group, write, output.is_json, ansible)
    run_command(
        lambda screen: run(inventory, hosts or [], os.environ, screen, options), asks_sudo_password=ask_sudo_password
    )
