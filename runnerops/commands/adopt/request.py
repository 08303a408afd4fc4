"""What an adoption is asked to do, and with what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from runnerops.adopt.place import Place
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.frozen import frozen
from runnerops.report.screen import Screen


@frozen
class AdoptOptions:
    """What the command line said beside the hosts. `name`: of the one USER@ADDRESS; `group`: for what several share.

    `ansible`: the Ansible inventory whose hosts are meant.
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
