"""Whether containers reach a cache: when that is checked, by which steps, and the message if they do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runnerops.model.common import ServiceName, Tree, Verb
from runnerops.model.facts import Facts
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Cache, Host, Policy
from runnerops.model.plan import Action
from runnerops.model.steps import ActionSteps, Step
from runnerops.planning.dependencies import uses_caches_of
from runnerops.services import GITLAB_RUNNER, REGISTRY
from runnerops.services.base import ActionRequest
from runnerops.services.registry.caches import own_caches
from runnerops.services.registry.caches.reach import for_jobs, from_container, started_by_jobs
from tests.unit.services import runner_builders as runners
from tests.unit.services.builders import (
    BRIDGE,
    POLICY,
    cache,
    changes,
    compose_facts,
    engine,
    host,
    our_container,
    render_file,
    state,
)

URL = f"http://{BRIDGE}:5000"
RESTART = Action(ServiceName.DOCKER, Verb.RESTART, ("mtu",))
COMMANDS = [
    (["--registry-mirror", URL], True),
    (["--registry-mirror", f"{URL}/"], True),
    ([f"--registry-mirror={URL}"], True),
    (["--registry-mirror", "http://192.0.2.1:5000"], False),
    (["--registry-mirror", f"{URL}1"], False),
    ([], False),
]


def config(*command: str) -> Tree:
    docker: Any = {"image": "alpine:3", "privileged": True}
    if command:
        docker["services"] = [{"name": "docker:dind", "command": list(command)}]
    return runners.config(runners.runner(docker=docker))


def with_jobs(this_host: Host, *command: str) -> Host:
    return replace(this_host, sections={**this_host.sections, ServiceName.GITLAB_RUNNER: config(*command)})


def asks(action_steps: ActionSteps) -> dict[str, list[Step]]:
    """The steps that ask from a container, by the list they stand in."""
    lists = {"judge": action_steps.validate, "forward": action_steps.forward, "rollback": action_steps.rollback}
    checks = {name: [step for step in steps if "--verify" in step.args] for name, steps in lists.items()}
    return {name: steps for name, steps in checks.items() if steps}


def move(observed: HostState, this_host: Host, *before: Action) -> ActionSteps:
    differences = changes(REGISTRY, this_host, render_file(this_host), observed)
    action = REGISTRY.minimal_action(this_host, differences, observed, POLICY, before)
    assert action
    return REGISTRY.action_steps(ActionRequest(this_host, action, differences, observed, POLICY, 1, False))


@pytest.mark.parametrize(("command", "used"), COMMANDS)
def test_a_cache_is_for_jobs_where_a_service_of_a_runner_is_given_it(command: list[str], used: bool) -> None:
    this_host = with_jobs(host({}, [cache()]), *command)
    assert [own_cache.name for own_cache in for_jobs(this_host)] == (["dockerhub"] if used else [])


@pytest.mark.parametrize(("network", "used"), [("host", False), ("bridge", True), ("ci", True)])
def test_jobs_in_the_hosts_own_network_ask_as_the_host_does(network: str, used: bool) -> None:
    """A firewall that drops what comes from containers is no matter of theirs."""
    new: Any = config("--registry-mirror", URL)
    new["runners"][0]["docker"]["network_mode"] = network
    assert bool(started_by_jobs(own_caches(host({}, [cache()])), new)) == used


@pytest.mark.parametrize("odd", [{"runners": "x"}, {"runners": [1]}, {"runners": [{"docker": {"services": [1, {}]}}]}])
def test_odd_files_are_given_nothing(odd: Tree) -> None:
    assert started_by_jobs(own_caches(host({}, [cache()])), odd) == ()


def test_its_proof_asks_from_a_container_after_the_host() -> None:
    this_host = with_jobs(host({}, [cache()]), "--registry-mirror", URL)
    observed = state({}, engine(), registry_facts=compose_facts())
    (step,) = asks(move(observed, this_host))["forward"]
    forward = move(observed, this_host).forward
    jobs = this_host.sections[ServiceName.GITLAB_RUNNER]
    assert [step] == [*from_container(own_caches(this_host)[0], jobs, observed.facts)]
    before = forward[forward.index(step) - 1]
    assert before.args[1:] == ("ok", "curl", "-fsS", "--noproxy", "*", "-m", "5", "-o", "/dev/null", f"{URL}/v2/")


def test_nothing_is_asked_from_a_container_where_no_job_uses_the_cache() -> None:
    observed = state({}, engine(), registry_facts=compose_facts())
    assert asks(move(observed, host({}, [cache()]))) == {}


@pytest.mark.parametrize(
    ("mirrors", "tools", "asked"),
    [((), {"curl", "nsenter"}, ["--report"]), ((URL,), {"curl", "nsenter"}, []), ((), {"curl"}, [])],
)
def test_a_cache_that_the_daemon_alone_is_newly_given_is_reported(
    mirrors: tuple[str, ...], tools: set[str], asked: list[str]
) -> None:
    this_host = host({"registry-mirrors": [URL]}, [cache()])
    observed = state({}, engine(mirrors=mirrors), registry_facts=compose_facts())
    observed = replace(observed, facts=replace(observed.facts, tools=frozenset(tools)))
    texts = [step.args[3] for step in move(observed, this_host).forward if "containers-reach.sh" in step.args]
    assert texts == asked


def test_a_mirror_on_the_loopback_is_asked_for_by_no_container() -> None:
    """In a container it is the container itself: there is no firewall to open."""
    url = "http://127.0.0.1:5000"
    this_host = host({"registry-mirrors": [url]}, [cache(listen="0.0.0.0:5000", url=url)])
    observed = state({}, engine(), registry_facts=compose_facts(answers={url: True}))
    observed = replace(observed, facts=replace(observed.facts, tools=frozenset({"curl", "nsenter"})))
    for before in ((), (replace(RESTART, ways=frozenset({"bip"})),)):
        assert not [step for step in move(observed, this_host, *before).forward if "containers-reach.sh" in step.args]


def test_a_restart_of_docker_proves_it_again() -> None:
    this_host = with_jobs(host({}, [cache()]), "--registry-mirror", URL)
    files = {file.spec.path: file.content or b"" for file in render_file(this_host)}
    compose: Any = REGISTRY.parse(render_file(this_host)[-1].spec, render_file(this_host)[-1].content or b"")
    label = compose["services"]["dockerhub"]["labels"]["runnerops.registry-config.sha256"]
    facts = compose_facts(answers={URL: True})
    observed = state(files, engine(containers=[our_container("dockerhub", label)]), registry_facts=facts)
    assert list(asks(move(observed, this_host, RESTART))) == ["forward"]


LINES = [
    (URL, f"ufw allow proto tcp to {BRIDGE} port 5000",
     f"iptables -I INPUT -p tcp -d {BRIDGE} --dport 5000 -j ACCEPT"),
    ("http://cache.example.com", "ufw allow proto tcp to any port 80", "iptables -I INPUT -p tcp --dport 80 -j ACCEPT"),
    ("https://cache.example.com", "ufw allow proto tcp to any port 443",
     "iptables -I INPUT -p tcp --dport 443 -j ACCEPT"),
    ("http://[2001:db8::1]:5000", "ufw allow proto tcp to 2001:db8::1 port 5000",
     "ip6tables -I INPUT -p tcp -d 2001:db8::1 --dport 5000 -j ACCEPT"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "ufw", "iptables"), LINES)
def test_the_lines_to_type_fit_what_containers_ask(url: str, ufw: str, iptables: str) -> None:
    (own_cache,) = own_caches(host({}, [cache(url=url)]))
    (args,) = (step.args for step in from_container(own_cache, {}, facts("26.1.5")))
    assert ufw in args
    assert iptables in args
    assert args[-1] == f"{url}/v2/"


def facts(version: str, driver: str = "iptables") -> Facts:
    docker = replace(engine(version), firewall={"driver": driver} if driver else {})
    return replace(state({}).facts, docker=docker, tools=frozenset({"curl"}))


WAYS = [
    ("28.5.2", "", "any", "iptables -I INPUT -p tcp -d 172.17.0.1 --dport 5001 -j ACCEPT"),
    ("", "", "any", "iptables -I INPUT -p tcp -d 172.17.0.1 --dport 5001 -j ACCEPT"),
    ("29.0.0", "", "bridge", "iptables -I DOCKER-USER -p tcp -m conntrack --ctorigdstport 5001 -j ACCEPT"),
    (
        "29.7.2",
        "nftables",
        "bridge",
        "in each chain of nft list chains with hook forward:"
        " nft insert rule FAMILY TABLE CHAIN ct original proto-dst 5001 accept",
    ),
]


@pytest.mark.parametrize(("version", "driver", "containers", "line"), WAYS)
def test_it_is_asked_on_the_way_of_jobs_and_that_way_is_named(
    version: str, driver: str, containers: str, line: str
) -> None:
    (own_cache,) = own_caches(host({}, [cache(listen=f"{BRIDGE}:5001", url=f"http://{BRIDGE}:5001")]))
    (args,) = (step.args for step in from_container(own_cache, {}, facts(version, driver)))
    assert args[1:7] == ("sh", "containers-reach.sh", "--verify", own_cache.name, f"http://{BRIDGE}:5001", containers)
    texts = args[7 : args.index("--")]
    assert texts[-1] == line
    assert texts[0].endswith("one of") == (len(texts) > 2)


def in_network(mode: object, *command: str) -> Any:
    found: Any = config(*command)
    found["runners"][0]["docker"]["network_mode"] = mode
    return found["runners"][0]


ON = ("--registry-mirror", URL)


@pytest.mark.parametrize(
    ("runners_there", "asked"),
    [
        ([in_network("ci", *ON)], ["network:ci"]),
        ([in_network("ci", *ON), in_network("ci", *ON), in_network(None, *ON)], ["network:ci", "any"]),
        ([in_network("default", *ON), in_network("bridge", *ON)], ["any"]),
        ([in_network("container:x", *ON)], ["any"]),
        ([in_network("ci"), in_network("", *ON)], ["any"]),
        ([in_network("ci", *ON), in_network("host", *ON)], ["network:ci"]),
    ],
)
def test_it_is_asked_from_the_networks_of_the_jobs_that_are_given_it(
    runners_there: list[Tree], asked: list[str]
) -> None:
    """A firewall may let one network through and no other."""
    this_host = host({}, [cache()])
    this_host = replace(
        this_host, sections={**this_host.sections, ServiceName.GITLAB_RUNNER: {"runners": [*runners_there]}}
    )
    observed = state({}, engine(), registry_facts=compose_facts())
    steps = asks(move(observed, this_host))["forward"]
    assert [step.args[6] for step in steps] == asked
    for step in steps:
        assert ("of network ci" in step.title) is ("network:ci" in step.args)
        assert ("of network ci" in step.args[7]) is ("network:ci" in step.args)


def test_a_host_without_nsenter_is_refused_only_where_jobs_use_the_cache() -> None:
    observed = state({}, engine(), registry_facts=compose_facts())
    this_host = host({}, [cache()])
    assert [blocker.code for blocker in REGISTRY.unsupported(this_host, observed)] == []
    assert [
        blocker.code for blocker in REGISTRY.unsupported(with_jobs(this_host, "--registry-mirror", URL), observed)
    ] == ["no-nsenter"]


# -- the runner's part: a cache that runs already and that jobs are newly given -----------------------------------------


def runner_state(old: Tree, *, answers: bool = True, runs: bool = True) -> HostState:
    observed = runners.observed(old)
    facts: Facts = replace(
        observed.facts,
        docker=engine(containers=[our_container("dockerhub", "x")] if runs else []),
        registry=compose_facts(answers={URL: answers}),
    )
    return replace(observed, facts=facts)


@pytest.mark.parametrize(
    ("old", "new", "state", "rendered"),
    [
        (config(), config("--registry-mirror", URL), {}, ["judge"]),
        (config("--mtu=1"), config("--registry-mirror", URL), {}, ["judge"]),
        (config("--registry-mirror", URL), config("--registry-mirror", URL, "--mtu=1"), {}, []),
        (config("--registry-mirror", URL), config(), {}, []),
        (config(), config("--registry-mirror", URL), {"answers": False}, []),
        (config(), config("--registry-mirror", URL), {"runs": False}, []),
    ],
)
def test_a_cache_that_jobs_are_newly_given_is_checked_before_the_file_is_swapped(
    old: Tree, new: Tree, state: dict[str, bool], rendered: list[str]
) -> None:
    this_host = replace(host({}, [cache()]), sections={**host({}, [cache()]).sections, ServiceName.GITLAB_RUNNER: new})
    action = Action(ServiceName.GITLAB_RUNNER, Verb.RELOAD)
    action_steps = GITLAB_RUNNER.action_steps(
        ActionRequest(this_host, action, runners.change(old, new), runner_state(old, **state), POLICY, 1, False)
    )
    assert list(asks(action_steps)) == rendered


# -- a cache of another host -----------------------------------------------------------------------------------------

FAR = "http://192.0.2.1:5000"


def client(new: Tree, **sections: Tree) -> Host:
    far = Cache("dockerhub", "cache-1", "https://registry-1.docker.io", "docker.io", FAR, local=False)
    own = {ServiceName(name): section for name, section in sections.items()}
    return Host("h", "h", sections={**own, ServiceName.GITLAB_RUNNER: new}, caches=(far,))


def judged(old: Tree, new: Tree, policy: Policy = POLICY, **sections: Tree) -> list[Step]:
    action = Action(ServiceName.GITLAB_RUNNER, Verb.RELOAD)
    this_host = client(new, **sections)
    action_steps = GITLAB_RUNNER.action_steps(
        ActionRequest(this_host, action, runners.change(old, new), runners.observed(old), policy, 1, False)
    )
    steps = [step for step in action_steps.validate if f"{FAR}/v2/" in step.args]
    assert set(action_steps.overrides) == set(steps)
    return steps


def test_a_far_cache_that_jobs_are_newly_given_must_answer_before_the_swap() -> None:
    new = config("--registry-mirror", FAR)
    assert len(judged(config(), new)) == 1
    assert judged(new, new) == []
    assert judged(config(), new, Policy(allow=frozenset({"unproven-mirror"}))) == []
    assert judged(config(), new, docker={}) == []


def test_the_host_of_such_a_cache_goes_first() -> None:
    assert uses_caches_of(client(config("--registry-mirror", FAR))) == {"cache-1"}
    assert uses_caches_of(client(config())) == frozenset()
