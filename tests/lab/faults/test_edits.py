"""What somebody else writes while a deploy is on its way stays: the deploy stops, and nothing of it is lost."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from runnerops.engine.options import Flags
from runnerops.model.common import Result
from runnerops.model.run import Event
from runnerops.model.steps import Step
from tests.lab.faults import answers, truth
from tests.lab.faults.bench import Bench
from tests.lab.faults.commands import HELD, let_go, planning, type_deploy, type_diff
from tests.lab.faults.scenarios import ALL, SCENARIOS, Scenario, entry
from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import TOKEN

pytestmark = pytest.mark.hosts("bookworm", "trixie", turns=True)

NEW_TOKEN = "glrt-lab-" + "n" * 17
OF = {scenario.name: scenario for scenario in SCENARIOS}
FILES = {
    "docker reloads": (answers.DAEMON, b"live-restore", b"live-restore"),
    "registry up": (answers.CACHE, b"info", b"debug"),
    "runner restarts": (answers.CONFIG, b"check_interval = 3", b"check_interval = 4"),
}
"""A scenario, the file that somebody edits meanwhile, and the edit: a layout counts too."""


def asked(bench: Bench, scenario: Scenario) -> None:
    bench.furnish()
    bench.values = scenario.next(bench.values)
    bench.ask(scenario.services)


def edited(host: LabHost, name: str) -> tuple[str, bytes]:
    path, old, new = FILES[name]
    content = host.read(path)
    assert old in content
    return path, content.replace(old, new) + b"\n"


@pytest.mark.parametrize("name", FILES)
def test_an_edit_between_plan_and_apply(bench: Bench, name: str) -> None:
    asked(bench, OF[name])
    path, content = edited(bench.host, name)
    with planning(bench.project) as now:
        lives = life(bench.host)
        write(bench.host, path, content)
        outcome = now.apply(now.plan)
    assert outcome.result is Result.FAILED, outcome
    assert path in outcome.message
    assert bench.host.read(path) == content
    assert life(bench.host) == lives
    assert answers.ask(bench.host).text("debris") == ""


@pytest.mark.parametrize("name", FILES)
def test_an_edit_while_the_deploy_waits(bench: Bench, name: str) -> None:
    """Right before the swap, as at the end of a drain of hours."""
    asked(bench, OF[name])
    path, content = edited(bench.host, name)
    with planning(bench.project) as now:
        index = next(at for at, step in enumerate(now.plan.forward) if step.verb == "swap" and step.args[0] == path)

        def watch(event: Event) -> None:
            if (event.list, event.step, event.kind) == ("forward", index, "step"):
                write(bench.host, path, content)
                let_go(bench.host, now.plan.run)

        outcome = now.apply(
            replace(now.plan, forward=(*now.plan.forward[:index], HELD, *now.plan.forward[index:])), watch
        )
    assert outcome.result is Result.ROLLED_BACK, outcome
    assert "edited meanwhile" in " ".join(outcome.diagnostics)
    assert bench.host.read(path) == content
    facts = answers.ask(bench.host)
    assert (facts.text("debris"), facts.intents) == ("", [])


def test_a_token_that_the_runner_rotates_meanwhile(bench: Bench) -> None:
    asked(bench, OF["runner reloads"])
    rotated = re.sub(TOKEN.encode(), NEW_TOKEN.encode(), bench.host.read(answers.CONFIG))
    with planning(bench.project) as now:
        write(bench.host, answers.CONFIG, rotated)
        outcome = now.apply(now.plan)
    assert outcome.result is Result.FAILED
    assert bench.host.read(answers.CONFIG) == rotated
    type_deploy(bench.project)
    assert NEW_TOKEN.encode() in bench.host.read(answers.CONFIG)
    bench.wait_for(truth.converged)
    type_diff(bench.project)


def test_a_deploy_that_removes_mirrors_is_rolled_back(bench: Bench, lab: Lab) -> None:
    bench.furnish()
    wanted = entry(bench.host, lab.hub, bench.values, ALL, "root")
    wanted["docker"]["registry-mirrors"] = []
    bench.project.write({"hosts": {bench.host.name: wanted}})
    before = answers.ask(bench.host)
    assert before.docker[1]
    with planning(bench.project, Flags({"last-mirror": frozenset({""})})) as now:
        gone = Step(
            "await",
            ("30", "=[]", "sh", "-c", "docker info --format '{{json .RegistryConfig.Mirrors}}' | sed s/null/[]/"),
        )
        last = next(at for at, step in enumerate(now.plan.forward) if step == Step("complete", ("docker",)))
        outcome = now.apply(replace(now.plan, forward=(*now.plan.forward[:last], gone, Step("run", ("5", "false")))))
    assert outcome.failed is None or outcome.failed.verb == "run"
    assert outcome.result is Result.ROLLED_BACK, outcome
    after = answers.ask(bench.host)
    assert after.docker == before.docker
    assert after.file(answers.DAEMON).content == before.file(answers.DAEMON).content
    bench.wait_for(truth.converged, after)


def write(host: LabHost, path: str, content: bytes) -> None:
    """With the mode that the file has."""
    host.write(path, content, int(host.run(f"stat -c %a {path}").stdout, 8))


def life(host: LabHost) -> tuple[int, int, str]:
    return host.pid("docker"), host.pid("gitlab-runner"), host.run("docker ps -q --no-trunc").stdout
