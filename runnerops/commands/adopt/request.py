"""The input of an adoption: places in the inventory, connections and flags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from runnerops.adopt.place import Place
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.frozen import frozen
from runnerops.report.screen import Screen


@frozen
class AdoptOptions:
    """The flags of `adopt`. `name`: for the only USER@ADDRESS; `group`: gets what several hosts have in common.

    `ansible`: the Ansible inventory whose hosts are adopted.
    """

    name: str = ""
    group: str = ""
    write: bool = False
    as_json: bool = False
    ansible: Path | None = None


@frozen
class AdoptionRequest:
    """The places in the inventory that entries are made for, and the connections to their hosts."""

    places: Sequence[Place]
    environ: Mapping[str, str]
    screen: Screen
    pool: ConnectionPool
    options: AdoptOptions
