"""`runnerops adopt`: its options and help."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from runnerops.cli import completion
from runnerops.cli.boundary import run_command
from runnerops.cli.options import DEFAULT_INVENTORY, AskSudoPassword, InventoryFile, Output
from runnerops.cli.values import Format, path

AnsibleInventory = Annotated[
    Path | None,
    typer.Option(
        "--from-ansible",
        metavar="FILE",
        parser=path,
        help="Take hosts from this Ansible inventory. HOST is then a host, group or glob in it. Default: all.",
        show_default=False,
    ),
]
Group = Annotated[
    str,
    typer.Option(
        "--group",
        metavar="NAME",
        help="Group that the hosts join. A new group gets what they have in common.",
        autocompletion=completion.groups,
    ),
]


def adopt(
    hosts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="HOST",
            help="Hosts of the inventory, or [NAME=]USER@ADDRESS[:PORT].",
            show_default=False,
            autocompletion=completion.hosts,
        ),
    ] = None,
    inventory: InventoryFile = DEFAULT_INVENTORY,
    ask_sudo_password: AskSudoPassword = False,
    write: Annotated[
        bool,
        typer.Option("--write", help="Add the entries to the inventory and secrets to .env; overwrite nothing there."),
    ] = False,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Name for USER@ADDRESS. Default: its address.")
    ] = "",
    group: Group = "",
    ansible: AnsibleInventory = None,
    output: Output = Format.TEXT,
) -> None:
    """Print inventory entries for hosts as they are now.

    Changes nothing on the hosts. Also shows what a deploy of the entries would do.
    """
    from runnerops.commands.adopt import AdoptOptions
    from runnerops.commands.adopt import adopt as run

    options = AdoptOptions(name, group, write, output.is_json, ansible)
    run_command(
        lambda screen: run(inventory, hosts or [], os.environ, screen, options), asks_sudo_password=ask_sudo_password
    )
