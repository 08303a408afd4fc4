"""What a removal plans, and which records are deleted afterwards."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import cast

import pytest

from runnerops.engine.runs.forget import Forgetting
from runnerops.model.common import ABSENT, Result, ServiceName, SourceLocation
from runnerops.model.facts import RunnerFacts
from runnerops.model.host_state import HostState, RemoteFile, sha256
from runnerops.model.inventory import Host, Original, Policy, RenderedFile, Requester
from runnerops.model.plan import Plan
from runnerops.model.run import Outcome
from runnerops.planning.dependencies import with_cache_clients
from runnerops.planning.originals import places_of, read_originals
from runnerops.planning.plan import Request, make_plan
from runnerops.planning.remove import KeptState, host_to_observe, remove_services
from runnerops.remote import state_folder
from runnerops.report.screen import Screen
from runnerops.services import REGISTRY, SERVICES
from runnerops.ssh.link import Completed, Link
from tests.contract.emitted import DOCKER, HERE, deployed, host, removal, rendered
from tests.unit.services.builders import engine, state

DAEMON, CONFIG, COMPOSE = (
    "/etc/docker/daemon.json",
    "/etc/gitlab-runner/config.toml",
    "/opt/registry/docker-compose.yml",
)


def test_clients_are_undone_before_the_cache_and_the_runner_rests_before_the_first_swap() -> None:
    made = removal(HERE, deployed(HERE), Policy(volumes=True))
    assert {change.old.path: change.new.content for change in made.changes if change.old.path != COMPOSE} == {
        DAEMON: None,
        CONFIG: None,
        "/opt/registry/registry-config.yml": None,
    }
    assert [(action.service.value, action.shown) for action in made.actions] == [
        ("docker", "reload"),
        ("registry", "remove"),
        ("gitlab_runner", "stop"),
    ]
    verbs = [step.verb for step in made.forward]
    drained = next(index for index, step in enumerate(made.forward) if "=gone" in step.args)
    assert drained < verbs.index("swap")
    assert [step.args[0] for step in made.forward if step.verb == "phase"] == ["docker", "registry", "gitlab_runner"]
    assert made.forward[-1].args[-1] == "runnerops-dockerhub"
    assert not [blocker.code for blocker in made.blockers if blocker.code != "last-mirror"]
    assert {made.applied[path] for path in (DAEMON, CONFIG, COMPOSE)} == {ABSENT}


def test_each_file_that_a_service_writes_can_be_removed_and_restored() -> None:
    observed = deployed(HERE)
    assert {change.old.path for change in removal(HERE, observed, Policy()).changes} == observed.files.keys()
    for service in SERVICES:
        files = {file.spec: file.content for file in rendered(HERE) if file.spec.service is service.NAME}
        restored = service.restore(HERE, {spec.path: content for spec, content in files.items()})
        assert {file.spec for file in restored.rendered} == files.keys()


def test_mirrors_of_before_the_first_run_are_asked_too() -> None:
    """They are used again, and a mirror that nobody has asked would count as one that does not answer."""
    first = {DAEMON: Original(b'{"registry-mirrors": ["http://192.0.2.99:5000"]}'), CONFIG: Original(b"]")}
    looked_at = host_to_observe(HERE, HERE, first, {}, [*ServiceName])
    asked = [call[2] for call in REGISTRY.questions(looked_at, ()) if call[0] == "await_registry_answer"]
    assert "http://192.0.2.99:5000" in asked


def after_removal(observed: HostState, made: Plan) -> HostState:
    """The host after this removal."""
    assert observed.facts.docker
    assert observed.facts.runner
    rested = replace(observed.facts.runner.unit, active="inactive", enabled="disabled", pid=0, invocation="")
    facts = replace(observed.facts, docker=engine(), runner=RunnerFacts(rested, "16.11.0"))
    return replace(observed, files={}, facts=facts, applied=made.applied, base={})


def test_a_second_removal_has_nothing_to_do() -> None:
    observed = deployed(HERE)
    after = after_removal(observed, removal(HERE, observed, Policy()))
    off = remove_services(
        HERE,
        [*ServiceName],
        KeptState(HERE, after.applied, dict.fromkeys(after.applied, Original(None))),
        after,
        Policy(),
    )
    assert make_plan(Request(off.host, (), off.desired, after, Policy(), Requester("me", "here"))).empty


@pytest.mark.parametrize(
    ("services", "clients"),
    [([ServiceName.REGISTRY], ["h1", "a"]), ([ServiceName.DOCKER, ServiceName.REGISTRY], ["a"])],
)
def test_a_cache_that_is_a_mirror_blocks_its_removal(services: list[ServiceName], clients: list[str]) -> None:
    host_state = deployed(HERE)
    observed = replace(host_state, applied={path: sha256(file.content) for path, file in host_state.files.items()})
    off = remove_services(
        HERE,
        services,
        KeptState(HERE, observed.applied, dict.fromkeys(observed.applied, Original(None))),
        observed,
        Policy(),
    )
    far = Host("a", "192.0.2.2", sections={ServiceName.DOCKER: DOCKER}, caches=HERE.caches)
    this_host = with_cache_clients(off.host, [off.host, far])
    for policy in (Policy(), Policy(allow=frozenset({"cache-in-use"}))):
        made = make_plan(Request(this_host, (), off.desired, observed, policy, Requester("me", "here")))
        blockers = made.overridden if policy.allow else made.blockers
        assert [blocker.details for blocker in blockers if blocker.code == "cache-in-use"] == [("dockerhub", *clients)]


def test_what_others_wrote_stays_theirs() -> None:
    """The removal records the file without their part: a second one leaves it, and a deploy asks before it is lost."""
    ours, theirs = b'{"live-restore": true}', b'{"live-restore": true, "debug": true}'
    file = RemoteFile(DAEMON, "file", theirs, "0644", "root:root")
    observed = state({}, engine(live=True), applied={DAEMON: sha256(ours)})
    observed = replace(observed, files={DAEMON: file}, base={DAEMON: ours})
    this_host, kept = host({"live-restore": True}, None, None), {DAEMON: Original(None)}
    off = remove_services(this_host, [ServiceName.DOCKER], KeptState(this_host, [DAEMON], kept), observed, Policy())
    made = make_plan(
        Request(off.host, (), off.desired, observed, Policy(), Requester("me", "here"), recorded=off.recorded)
    )
    assert [action.shown for action in made.actions] == ["reload"]
    assert made.applied == {DAEMON: ABSENT}
    left = replace(file, content=off.desired[0].content)
    after = replace(observed, files={DAEMON: left}, applied=made.applied, base={}, since=1)
    after = replace(after, facts=replace(after.facts, docker=engine(live=False)))
    again = remove_services(this_host, [ServiceName.DOCKER], KeptState(this_host, [DAEMON], kept), after, Policy())
    assert again.desired[0].content == left.content
    deploy = make_plan(
        Request(this_host, (), (RenderedFile(again.desired[0].spec, ours),), after, Policy(), Requester("me", "x"))
    )
    assert [(blocker.code, blocker.details) for blocker in deploy.blockers] == [("modified-on-host", ("debug",))]


def test_what_a_removal_gave_back_is_not_ours() -> None:
    """A deploy asks before the original is lost, as the first one did; an edit since the removal is told as one."""
    wanted, original, edited = (
        b'{"live-restore": true}',
        b'{"live-restore": false}',
        b'{"live-restore": false, "mtu": 9}',
    )
    this_host = host({"live-restore": True}, None, None)
    rendered = (RenderedFile(SERVICES[0].files(this_host)[0], wanted),)
    observed = state({}, engine(), applied={DAEMON: sha256(original)})
    observed = replace(observed, base={DAEMON: original}, since=2)
    for given_back, content, code in (
        (False, original, ""),
        (True, original, "unmanaged-file"),
        (True, edited, "modified-on-host"),
    ):
        file = RemoteFile(DAEMON, "file", content, "0644", "root:root")
        now = replace(observed, files={DAEMON: file}, restored_by_removal=frozenset({DAEMON} if given_back else ()))
        deploy = make_plan(Request(this_host, (), rendered, now, Policy(), Requester("me", "here")))
        assert [blocker.code for blocker in deploy.blockers] == [code] * bool(code)
    assert observed.holds_ours(DAEMON)
    assert not now.holds_ours(DAEMON)


def test_what_is_not_removed_is_not_mended() -> None:
    """Somebody has stopped the runner, or an earlier removal has."""
    host_state = deployed(HERE)
    after = after_removal(host_state, removal(HERE, host_state, Policy()))
    observed = replace(
        host_state,
        applied=dict.fromkeys(host_state.files, "0" * 64),
        facts=replace(host_state.facts, runner=after.facts.runner),
    )
    for services in ([ServiceName.DOCKER], []):
        off = remove_services(HERE, services, KeptState(HERE, observed.applied, {}), observed, Policy())
        assert ServiceName.GITLAB_RUNNER not in off.host.sections
        assert ServiceName.REGISTRY in off.host.sections


def test_the_inventory_and_folders_of_ours_are_reported() -> None:
    observed = deployed(HERE)
    written = replace(HERE, locations={("docker", "live-restore"): SourceLocation("inventory.yml", 7, 5)})
    originals = {path: Original(None, folder="/opt/registry" if "/opt/" in path else "") for path in observed.files}
    off = remove_services(written, [*ServiceName], KeptState(written, observed.files, originals), observed, Policy())
    assert "inventory still asks for docker (inventory.yml:7:5)" in off.notes[0]
    assert off.folders == ("/opt/registry",)
    assert off.host.removed == off.host.stopped == {*ServiceName}


def test_what_is_kept_of_an_original() -> None:
    name = "originals/etc%docker%daemon.json"
    assert places_of([DAEMON]) == (name, f"{name}.mode", f"{name}.absent")
    assert read_originals([DAEMON], {}) == {}
    assert read_originals([DAEMON], {name: b"{}"}) == {DAEMON: Original(b"{}")}
    assert read_originals([DAEMON], {name: b"{}", f"{name}.mode": b"0640 root:adm\n"}) == {
        DAEMON: Original(b"{}", "0640", "root:adm")
    }
    assert read_originals([DAEMON], {f"{name}.absent": b""}) == {DAEMON: Original(None)}
    assert read_originals([DAEMON], {f"{name}.absent": b"/etc/docker\n"}) == {
        DAEMON: Original(None, folder="/etc/docker")
    }


@pytest.mark.parametrize(
    ("status", "stderr", "expected"),
    [
        (state_folder.UNFINISHED, b"begun/0123\n", "something is unfinished there (/var/lib/runnerops/begun/0123)"),
        (state_folder.IN_USE, b"", "a run is going on there"),
        (1, b"sh: read-only\n", "exit status 1: sh: read-only"),
    ],
)
def test_what_cannot_be_forgotten_is_reported(status: int, stderr: bytes, expected: str) -> None:
    class Answering:
        def run(self, *_: object) -> Completed:
            return Completed(status, b"", stderr)

    screen = Screen(out=StringIO(), err=StringIO())
    forgetting = Forgetting(HERE, lambda: cast("Link", Answering()), screen, yes=True)
    outcome = forgetting.after(Outcome(HERE.name, Result.APPLIED))
    assert (outcome.result, outcome.message) == (Result.FAILED, f"removed, but its records are not deleted: {expected}")
