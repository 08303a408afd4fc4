"""Facts of a machine, and the plan of a host that is on it."""

from __future__ import annotations

from dataclasses import replace

from runnerops.engine.plans.planned import Planned
from runnerops.model.common import Result
from runnerops.model.facts import Client, Facts
from runnerops.model.inventory import Requester
from runnerops.model.plan import Plan
from tests.unit.services.builders import engine


def facts(machine: str = "m1", boot: str = "b1", server: str = "", addresses: tuple[str, ...] = ()) -> Facts:
    docker = replace(engine(), client=Client("192.0.2.1", server, "22"))
    return Facts(machine=machine, boot=boot, docker=docker, addresses=addresses)


def planned(name: str, its: Facts) -> Planned:
    plan = Plan(host=name, run=1, requester=Requester("u", "m"))
    return Planned(plan, (), Result.PENDING, facts=its)
