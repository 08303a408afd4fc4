"""The whole plan: its order, its record, its blockers, and that it is a function of its arguments."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from runnerops.model.common import HOST_FORMAT, ServiceName, Tree, Verb
from runnerops.model.facts import Facts, Job, RunnerFacts
from runnerops.model.host_state import Intent, RemoteFile, sha256
from runnerops.model.inventory import Cache, CiJob, Host, Policy
from runnerops.model.plan import Plan
from runnerops.model.steps import Step
from runnerops.model.steps import drains as is_drain
from runnerops.planning.blockers import TOOLS
from runnerops.planning.plan import Request, make_plan
from runnerops.planning.reconcile import reconcile
from runnerops.remote import protocol
from tests.unit.plan_builders import CONFIG, DOCKER_TREE, ORIGIN, RUNNER, UNIT, a_host, ask, observed, plan
from tests.unit.services.builders import DAEMON, json_bytes


def verbs(steps: tuple[object, ...]) -> list[str]:
    return [str(getattr(step, "verb", "")) for step in steps]


def test_nothing_to_do_is_a_plan_without_steps() -> None:
    host_state = observed(DOCKER_TREE, RUNNER)
    made = plan(ask(DOCKER_TREE, RUNNER), host_state)
    assert made.empty
    assert (made.changes, made.actions, made.blockers) == ((), (), ())


def test_a_file_found_equal_is_recorded_once() -> None:
    host_state = replace(observed(DOCKER_TREE, RUNNER), applied={})
    made = plan(ask(DOCKER_TREE, RUNNER), host_state)
    assert (made.changes, made.actions) == ((), ())
    assert set(verbs(made.forward)) == {"guard", "run"}
    kept = [step.args[3:] for step in made.forward if step.verb == "run"]
    assert [(name, path, made.files[file], mode, owner) for name, path, file, mode, owner in kept] == [
        ("etc%docker%daemon.json", DAEMON, host_state.files[DAEMON].content, "0644", "root:root"),
        ("etc%gitlab-runner%config.toml", CONFIG, RUNNER, "0600", "root:root"),
    ]
    again = plan(ask(DOCKER_TREE, RUNNER), replace(host_state, applied=made.applied))
    assert again.empty


def test_the_order_of_a_run() -> None:
    """Guard, stage, judge, then part by part; what must rest does so before the first swap, and is back at the end."""
    host_state = observed({"live-restore": True}, RUNNER)
    made = plan(ask(DOCKER_TREE, RUNNER.replace(b"= 2", b"= 3")), host_state)
    step_verbs = verbs(made.forward)
    first_part = step_verbs.index("phase")
    assert "swap" not in step_verbs[:first_part]
    assert "intend" not in step_verbs[:first_part]
    assert max(i for i, verb in enumerate(step_verbs) if verb == "guard") < min(
        i for i, verb in enumerate(step_verbs) if verb == "stage"
    )
    parts = [step.args[0] for step in made.forward if step.verb == "phase"]
    assert parts == ["docker", "gitlab_runner"]
    words = [" ".join(step.args) for step in made.forward]
    quit_at = next(i for i, text in enumerate(words) if "QUIT" in text)
    swap_at = next(i for i, step in enumerate(made.forward) if step.verb == "swap")
    start_at = next(i for i, text in enumerate(words) if "systemctl start gitlab-runner" in text)
    owed_at = [i for i, verb in enumerate(step_verbs) if verb == "intend"]
    assert min(owed_at) < quit_at < swap_at < start_at
    assert step_verbs[-1] == "complete"


def test_a_service_that_stops_for_another_and_acts_itself_is_guarded_once() -> None:
    made = plan(ask(DOCKER_TREE, RUNNER.replace(b"= 2", b"= 3")), observed({"live-restore": True}, RUNNER))
    guards = [step.args for step in made.forward if step.verb == "guard"]
    assert len(guards) == len(set(guards))


def test_every_intent_is_completed_in_both_lists() -> None:
    made = plan(ask(DOCKER_TREE, RUNNER.replace(b"= 2", b"= 3")), observed({}, RUNNER))
    intents = {step.args[0] for step in made.forward if step.verb == "intend"}
    assert intents == {"docker", "gitlab_runner"}
    for steps in (made.forward, made.rollback):
        assert intents <= {step.args[0] for step in steps if step.verb in {"complete", "intend"}}


def test_every_swap_is_staged_and_undone_in_the_rollback() -> None:
    made = plan(ask(DOCKER_TREE, RUNNER.replace(b"= 2", b"= 3")), observed({"debug": True}, RUNNER))
    staged = {(step.args[1], step.args[4]) for step in made.forward if step.verb == "stage"}
    for steps in (made.forward, made.rollback):
        for step in steps:
            if step.verb == "swap":
                assert (step.args[0], step.args[2]) in staged
    swapped = {step.args[0] for step in made.forward if step.verb == "swap"}
    assert swapped == {step.args[0] for step in made.rollback if step.verb == "swap"} == {DAEMON, CONFIG}
    for step in made.forward:
        if step.verb == "stage":
            assert sha256(made.files[step.args[0]]) == step.args[4]


def test_a_runner_that_is_only_stopped_is_started_in_its_own_phase() -> None:
    made = plan(ask(DOCKER_TREE, None), observed({"live-restore": True}, RUNNER))
    assert [step.args[0] for step in made.forward if step.verb == "phase"] == ["docker", "gitlab_runner"]
    assert "systemctl start gitlab-runner" in " ".join(made.forward[-3].args)


@pytest.mark.parametrize("config", [None, RUNNER.replace(b"= 2", b"= 3")])
def test_in_the_rollback_the_runner_stops_before_docker_is_disturbed_and_starts_after(config: bytes | None) -> None:
    made = plan(ask(DOCKER_TREE, config), observed({"live-restore": True}, RUNNER))
    assert [step.args[0] for step in made.rollback if step.verb == "phase"] == ["gitlab_runner", "docker"]
    words = [" ".join(step.args) for step in made.rollback]
    rests = next(index for index, text in enumerate(words) if text.endswith("systemctl stop gitlab-runner"))
    docker = next(index for index, step in enumerate(made.rollback) if step.args[0] == DAEMON)
    returns = next(index for index, text in enumerate(words) if "runner-return-later.sh" in text)
    assert rests < docker < returns


def test_every_step_can_be_encoded() -> None:
    made = plan(ask(DOCKER_TREE, RUNNER.replace(b"= 2", b"= 3")), observed({}, None))
    assert protocol.encode(made.forward).count(b"\n") == len(made.forward)
    assert protocol.encode(made.rollback)
    assert protocol.stop_timeout(made.rollback) > 30


def test_a_mode_alone_is_a_change_without_an_action() -> None:
    host_state = observed(DOCKER_TREE, None)
    file = host_state.files[DAEMON]
    host_state = replace(host_state, files={DAEMON: replace(file, mode="0666")})
    made = plan(ask(DOCKER_TREE, None), host_state)
    assert made.actions == ()
    assert [step.args[:1] for step in made.forward if step.verb == "swap"] == [(DAEMON,)]
    assert next(step.args for step in made.rollback if step.verb == "run") == ("10", "chmod", "0666", DAEMON)


def test_a_secret_of_the_hosts_own_narrows_its_file() -> None:
    login: Tree = {"proxies": {"http-proxy": "http://me:pw@192.0.2.1:3128"}}
    host = Host("h", "h", sections={ServiceName.DOCKER: {}}, keep={ServiceName.DOCKER: ("proxies",)})
    (file,), _ = reconcile(host, ask({}, None), observed({**DOCKER_TREE, **login}, None))
    assert (json.loads(file.content or b"")["proxies"], file.spec.mode) == (login["proxies"], "0600")
    (file,), _ = reconcile(host, ask({}, None), observed(DOCKER_TREE, None))
    assert file.spec.mode == "0644"


def test_an_intent_makes_a_service_act_although_its_file_is_in_sync() -> None:
    intents = Intent(ServiceName.DOCKER, Verb.RESTART, 3, "inv-1")
    made = plan(ask(DOCKER_TREE, None), observed(DOCKER_TREE, None, intents=(intents,)))
    assert made.changes == ()
    assert [(action.shown, action.because) for action in made.actions] == [
        ("restart", ("unfinished since run 3",)),
        ("stop and start", ("around the restart of docker",)),
    ]


# ----------------------------------------------------------------------------------------------------------- stops


def codes(made: Plan) -> list[str]:
    return [blocker.code for blocker in made.blockers]


def test_somebody_elses_file_is_listed_key_by_key_until_allowed() -> None:
    host_state = replace(observed({"debug": True, "mtu": 1400}, None), applied={})
    made = plan(ask({"debug": True}, None), host_state)
    assert codes(made) == ["unmanaged-file"]
    assert made.blockers[0].details == ("mtu",)
    allowed = plan(ask({"debug": True}, None), host_state, Policy(allow=frozenset({"unmanaged-file"})))
    assert (codes(allowed), [blocker.code for blocker in allowed.overridden]) == ([], ["unmanaged-file"])
    assert "keep-original.sh" in str(allowed.forward)


def test_content_of_an_interrupted_run_is_ours() -> None:
    host_state = replace(observed({"debug": True, "mtu": 1400}, None), applied={})
    state_then = replace(host_state, staged={DAEMON: frozenset({sha256(host_state.files[DAEMON].content)})})
    assert codes(plan(ask({"debug": True}, None), state_then)) == []


def test_a_file_that_only_gains_keys_is_not_stopped() -> None:
    assert (
        codes(plan(ask({"debug": True, "mtu": 1400}, None), replace(observed({"debug": True}, None), applied={}))) == []
    )


def test_what_cannot_be_parsed_would_be_lost_whole() -> None:
    host_state = observed(None, None)
    host_state = replace(host_state, files={DAEMON: RemoteFile(DAEMON, "file", b"{", "0644", "root:root")})
    (blocker,) = plan(ask({"debug": True}, None), host_state).blockers
    assert (blocker.code, "its whole content" in blocker.message) == ("unmanaged-file", True)


@pytest.mark.parametrize("kind", ["directory", "link", "other"])
def test_a_path_that_is_no_file_is_never_allowed(kind: str) -> None:
    host_state = observed(None, None)
    host_state = replace(host_state, files={DAEMON: RemoteFile(DAEMON, kind)})  # type: ignore[arg-type]
    made = plan(ask({"debug": True}, None), host_state, Policy(allow=frozenset({"unmanaged-file"})))
    assert "not-a-file" in codes(made)


def test_jobs_are_waited_for_unless_they_are_to_be_killed() -> None:
    host_state = observed({"live-restore": True}, None, jobs=2)
    made = plan(ask(DOCKER_TREE, None), host_state)
    assert codes(made) == []
    assert [(action.jobs_waited, action.jobs_lost) for action in made.actions] == [(2, 0), (0, 0)]
    assert "QUIT" in str(made.forward)
    killed = plan(ask(DOCKER_TREE, None), host_state, Policy(kill_jobs=True))
    assert codes(killed) == []
    assert "2 jobs" in killed.overridden[0].message
    assert [(action.jobs_waited, action.jobs_lost) for action in killed.actions] == [(0, 2), (0, 0)]
    assert "QUIT" not in str(killed.forward)


def test_jobs_that_cannot_be_drained_block_a_restart_unless_kill_jobs_is_given() -> None:
    host_state = observed({"live-restore": True}, None)
    foreign = RunnerFacts(UNIT, "16.11.0", (Job("7", "container c", drains=False),))
    host_state = replace(host_state, facts=replace(host_state.facts, runner=foreign))
    assert codes(plan(ask(DOCKER_TREE, None), host_state)) == ["jobs-running"]
    assert codes(plan(ask(DOCKER_TREE, None), host_state, Policy(allow=frozenset({"jobs-running"})))) == [
        "jobs-running"
    ]
    assert codes(plan(ask(DOCKER_TREE, None), host_state, Policy(kill_jobs=True))) == []


RESTART = RUNNER.replace(b"= 2", b'= 2\nlisten_address = ":9252"', 1)


@pytest.mark.parametrize(
    ("docker", "config"),
    [(DOCKER_TREE, RESTART), (DOCKER_TREE, None), ({"live-restore": True, "debug": True}, RESTART), (None, RESTART)],
    ids=[
        "docker and the runner restart",
        "docker restarts",
        "docker reloads, the runner restarts",
        "the runner restarts",
    ],
)
def test_there_is_one_drain_and_nothing_is_swapped_before_it_is_over(docker: Tree | None, config: bytes | None) -> None:
    made = plan(ask(docker, config), observed({"live-restore": True}, RUNNER, jobs=2))
    drains = [index for index, step in enumerate(made.forward) if is_drain(step)]
    swaps = [index for index, step in enumerate(made.forward) if step.verb == "swap"]
    assert len(drains) == 1
    assert drains[0] < min(swaps)
    assert sum(action.jobs_waited for action in made.actions) == 2
    first = made.forward[drains[0]].args
    assert first[:2] == ("7200", "=gone")
    assert made.files[first[3]].startswith(b"#!/bin/sh")
    reached = {step.args[0] for step in made.forward[: drains[0]] if step.verb == "phase"}
    assert not [step for step in undone(made, reached) if is_drain(step)]
    assert [step for step in undone(made, reached) if "start" in step.args]


def undone(made: Plan, begun: set[str]) -> list[Step]:
    """The way back of a run in which these parts had begun."""
    part, steps = "", []
    for step in made.rollback:
        part = step.args[0] if step.verb == "phase" else part
        steps += [step] if part in begun and step.verb != "phase" else []
    return steps


def test_the_time_limit_of_a_drain_is_the_users() -> None:
    made = plan(ask(DOCKER_TREE, None), observed({"live-restore": True}, None), Policy(drain_s=90))
    assert [step.args[0] for step in made.forward if is_drain(step)] == ["90"]


def test_a_run_that_stops_the_runner_cancels_its_pending_start_by_an_earlier_run() -> None:
    host_state = observed({"live-restore": True}, RUNNER)
    assert host_state.facts.runner
    waiting = replace(
        host_state, facts=replace(host_state.facts, runner=replace(host_state.facts.runner, returning=True))
    )
    rests = plan(ask(DOCKER_TREE, None), waiting)
    words = [" ".join(step.args) for step in rests.forward]
    stay = next(index for index, text in enumerate(words) if 'systemctl stop "runnerops-return-$1"' in text)
    assert stay < next(index for index, step in enumerate(rests.forward) if is_drain(step))
    leaves = plan(ask({"live-restore": True, "debug": True}, None), waiting)
    assert "runnerops-return" not in str(leaves.forward)
    assert [note for note in leaves.notes if "starts by itself after its last job" in note]


def test_a_deploy_from_a_job_of_the_runner_that_restarts_is_refused_and_a_reload_is_not() -> None:
    host_state = observed({"live-restore": True}, RUNNER, jobs=2)
    inside = Policy(job=CiJob("1"), kill_jobs=True, allow=frozenset({"self-deploy"}))
    assert codes(plan(ask(DOCKER_TREE, None), host_state, inside)) == ["self-deploy"]
    assert codes(plan(ask(None, RESTART), host_state, inside)) == ["self-deploy"]
    assert (
        codes(plan(ask({"live-restore": True, "debug": True}, RUNNER.replace(b"= 2", b"= 3")), host_state, inside))
        == []
    )
    assert codes(plan(ask(DOCKER_TREE, None), host_state, Policy(job=CiJob("3")))) == []


def test_what_a_host_did_not_tell_in_time_is_said() -> None:
    host_state = observed({}, None)
    host_state = replace(host_state, facts=replace(host_state.facts, unseen=("docker info", "docker images")))
    (said,) = [note for note in plan(ask({"debug": True}, None), host_state).notes if "in time" in note]
    assert said.endswith("the plan may be incomplete: docker info, docker images")


def test_a_host_without_timeout_is_refused_and_told_of() -> None:
    host_state = observed({}, None)
    assert "timeout" in host_state.facts.tools
    host_state = replace(host_state, facts=replace(host_state.facts, tools=host_state.facts.tools - {"timeout"}))
    made_plan = plan(ask({"debug": True}, None), host_state)
    assert [(blocker.code, blocker.details) for blocker in made_plan.blockers] == [("missing-tools", ("timeout",))]
    assert any("has no `timeout`" in note for note in made_plan.notes)


def test_a_mirror_whose_host_goes_first_is_verified_then() -> None:
    url = "http://192.0.2.9:5000"
    cache = Cache("dockerhub", "cache-1", "https://registry-1.docker.io", "docker.io", url, False)
    tree: Tree = {"registry-mirrors": [url]}
    host = Host("h", "h", sections={ServiceName.DOCKER: tree}, caches=(cache,))
    rendered = ask(tree, None)

    def made(deployed: frozenset[str]) -> Plan:
        host_state = observed({}, None)
        desired, blockers = reconcile(host, rendered, host_state)
        return make_plan(Request(host, rendered, desired, host_state, Policy(), ORIGIN, blockers, deployed=deployed))

    assert codes(made(frozenset())) == ["unproven-mirror"]
    later = made(frozenset({"cache-1"}))
    assert codes(later) == []
    assert later.notes == (f"mirror {url} is verified when cache-1 is done",)
    assert later.after == {"cache-1"}
    assert any(step.verb == "await" and url in " ".join(step.args) for step in later.forward)


def test_the_digest_is_over_what_is_asked_not_over_the_host() -> None:
    made_plan = plan(ask(DOCKER_TREE, None), observed({}, None))
    other = plan(ask(DOCKER_TREE, None), observed({"debug": True}, None))
    assert made_plan.digest == other.digest
    assert made_plan.digest != plan(ask({"debug": True}, None), observed({}, None)).digest
    assert made_plan == plan(ask(DOCKER_TREE, None), observed({}, None))


def test_a_host_without_docker_is_refused_by_name() -> None:
    host_state = replace(observed({}, None), facts=Facts())
    made = plan(ask(DOCKER_TREE, None), host_state)
    assert "no-docker" in codes(made)
    assert not any(blocker.overridable for blocker in made.blockers if blocker.code == "no-docker")


@pytest.mark.parametrize("tool", TOOLS)
def test_a_host_without_a_tool_of_ours_is_refused_by_name(tool: str) -> None:
    host_state = observed({}, None)
    host_state = replace(host_state, facts=replace(host_state.facts, tools=host_state.facts.tools - {tool}))
    (blocker,) = plan(ask({"debug": True}, None), host_state).blockers
    assert (blocker.code, blocker.details, blocker.overridable) == ("missing-tools", (tool,), False)


def test_a_host_without_systemd_is_refused_by_name() -> None:
    host_state = observed({}, None)
    assert codes(
        plan(ask({"debug": True}, None), replace(host_state, facts=replace(host_state.facts, systemd=False)))
    ) == ["no-systemd"]


def test_a_link_is_followed_to_its_target() -> None:
    target = "/srv/docker/daemon.json"
    host_state = observed({}, None)
    host_state = replace(host_state, files={DAEMON: RemoteFile(target, "file", json_bytes({}), "0644", "root:root")})
    made = plan(ask({"debug": True}, None), host_state)
    assert {step.args[0] for step in made.forward if step.verb == "swap"} == {target}
    assert {step.args[1] for step in made.forward if step.verb == "stage"} == {target}


def test_a_host_that_a_newer_release_has_deployed_to_is_refused_by_name() -> None:
    host_state = replace(observed(DOCKER_TREE, None), format=HOST_FORMAT + 1)
    (blocker,) = plan(ask(DOCKER_TREE, None), host_state).blockers
    assert (blocker.code, blocker.overridable) == ("newer-format", False)
    assert f"format {HOST_FORMAT + 1}" in blocker.message


def test_what_is_left_out_is_not_acted_on_and_stays_unfinished_and_recorded() -> None:
    intent = Intent(ServiceName.GITLAB_RUNNER, Verb.RESTART, 3, "")
    host_state = observed({"live-restore": True}, RUNNER, intents=(intent,))
    host_state = replace(host_state, base={CONFIG: RUNNER})
    host = replace(a_host(ServiceName.DOCKER), left_out=frozenset({ServiceName.GITLAB_RUNNER}))
    made = plan(ask({"live-restore": True, "registry-mirrors": ["https://m.example"]}, None), host_state, host=host)
    assert {action.service for action in made.actions} <= {ServiceName.DOCKER}
    assert not [
        step for step in made.forward if step.verb in {"complete", "intend"} and step.args[0] == "gitlab_runner"
    ]
    assert made.applied[CONFIG] == sha256(RUNNER)
    assert made.files[made.contents[CONFIG]] == RUNNER
    assert made.recorded == {DAEMON}
    assert any("gitlab_runner is unfinished since run 3" in note for note in made.notes)
    assert made.command == "deploy --only docker"
