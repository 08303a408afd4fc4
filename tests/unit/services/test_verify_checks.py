"""A table of all checks of `verify`, with each way in which one can fail."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from runnerops.engine.verify.pull_path import assess, cache_hosts, pull_tests, with_marker
from runnerops.model.answers import Answer
from runnerops.model.common import Key, ServiceName, SourceLocation, Tree
from runnerops.model.facts import Container
from runnerops.model.host_state import HostState, Run, sha256
from runnerops.model.inventory import Cache, Host, Requester
from runnerops.services import DOCKER, GITLAB_RUNNER, REGISTRY
from runnerops.services.providers import VERIFY_PROVIDERS
from runnerops.services.registry.verify.log import repositories, requests
from runnerops.services.shared.firewall import opening
from runnerops.services.verify import Check, Evidence, Probe, parse_image
from tests.unit.services.builders import BRIDGE, HUB, cache, compose_facts, engine, host, our_container, runner, state

URL = f"http://{BRIDGE}:5000"
PROBE = Probe("alpine:3", "library/alpine", "3", "m4rk")
AGENT = "docker/26.1.5 go/go1.24.4 os/linux arch/amd64 UpstreamClient(runnerops-verify/m4rk)"


LAYER, CONFIG, MANIFEST = (f"sha256:{digit * 64}" for digit in "1c5")


def line(
    status: int = 200, path: str = "/v2/library/alpine/manifests/3", agent: str = AGENT, method: str = "HEAD"
) -> str:
    """As the access log has it, of registry 2 and 3."""
    return f'172.18.0.1 - - [24/Nov/2026:15:08:29 +0000] "{method} {path} HTTP/1.1" {status} 427 "" "{agent}"'


def log(layer: int = 200, config: int = 200, agent: str = AGENT) -> str:
    """Of a whole pull of an image with one layer; a status of 0: that was never asked for."""
    paths = [("manifests", MANIFEST, 200), ("blobs", CONFIG, config), ("blobs", LAYER, layer)]
    asked = [line(code, f"/v2/library/alpine/{kind}/{ref}", agent, "GET") for kind, ref, code in paths if code]
    return "\n".join((line(agent=agent), *asked))


def answer(text: str, status: int = 0) -> Answer:
    return Answer(status, f"{text}\n".encode())


HEALTHY = {
    f"registry_code/{URL}": "200 0",
    f"docker_reach/{URL}": "200 0",
    "docker_inside": "4711 default /job",
    "docker_firewall": "iptables",
    "registry_tag_source/dockerhub": "upstream",
    "registry_upstream/dockerhub": "401 0",
    "registry_space/dockerhub": "100000000 50000000\n6553600 6000000",
}
PULLED = {
    "docker_before": "none",
    "docker_pull": '{"status":"Pulling from library/alpine","id":"3"}\r\n'
    f'{{"status":"Pulling fs layer","progressDetail":{{}},"id":"{"1" * 12}"}}\r\n'
    f'{{"status":"Download complete","progressDetail":{{}},"id":"{"1" * 12}"}}\r\n'
    '{"status":"Status: Downloaded newer image"}\r\n',
    "docker_after": "removed",
}
TRACED = {
    "registry_log/dockerhub": log(),
    "registry_stored/dockerhub": f" {LAYER} {CONFIG} {MANIFEST}",
    "registry_full/dockerhub": "0",
    "registry_logs/dockerhub": "7",
    "registry_catalog/dockerhub": '{"repositories":["library/alpine"]}',
}


def host_with_cache(**keys: Any) -> Host:
    """A host with a cache of its own, which its daemon has as its mirror."""
    usable = (Cache("dockerhub", "h1", HUB, "docker.io", URL, local=True),)
    return host({"registry-mirrors": [URL]}, [cache(**keys)], usable=usable)


def running(mirrors: tuple[str, ...] = (URL,), containers: tuple[Container, ...] = (), **keys: Any) -> HostState:
    observed = state(
        docker_facts=engine(mirrors=mirrors, containers=containers or (our_container(),), **keys),
        registry_facts=compose_facts(),
    )
    return replace(observed, facts=replace(observed.facts, tools=observed.facts.tools | {"nsenter"}))


def evidence(
    observed: HostState | None = None,
    told: Mapping[str, str] | None = None,
    tried: Mapping[str, str] | None = None,
    traced: Mapping[str, str] | str | None = None,
    without: tuple[str, ...] = (),
) -> Evidence:
    """Healthy, but for what is given."""

    def answers(texts: Mapping[str, str]) -> dict[str, Answer]:
        return {name: answer(text) for name, text in texts.items() if name not in without}

    trace = traced if isinstance(traced, str) else answers({**TRACED, **(traced or {})})
    return Evidence(
        observed or running(),
        PROBE,
        answers({**HEALTHY, **(told or {})}),
        answers({**PULLED, **(tried or {})}),
        {"h1": trace},
        {"h1": host_with_cache()},
    )


def states(this_host: Host, host_evidence: Evidence) -> dict[str, Check]:
    return {check.name: check for check in assess(this_host, host_evidence)}


def broken(this_host: Host, host_evidence: Evidence) -> dict[str, Check]:
    return {check.name: check for check in assess(this_host, host_evidence) if check.state == "fail"}


def test_a_healthy_host() -> None:
    checks = states(host_with_cache(), evidence())
    assert list(checks) == [
        *(
            "daemon",
            "mirror-loaded",
            "cache-running",
            "space",
            "answers-host",
            "answers-container",
            "upstream",
            "pull",
            "stored",
            "catalog",
        )
    ]
    assert {check.state for check in checks.values()} == {"pass"}
    assert not any(check.reason or check.fix for check in checks.values())


CODE, REACH, ASKED, DIRECT = (
    *(f"registry_code/{URL}", f"docker_reach/{URL}"),
    *("registry_tag_source/dockerhub", "registry_upstream/dockerhub"),
)
SPACE, LOG = "registry_space/dockerhub", "registry_log/dockerhub"
BARE = state(docker_facts=engine(mirrors=(URL,), containers=(our_container(),)))
EMPTY = {"registry_catalog/dockerhub": '{"repositories":[]}'}
DONE = '{"status":"Status: Image is up to date for alpine:3"}'
PORT = our_container(ports=(f"{BRIDGE}:5001",))
FAULTS: list[tuple[str, dict[str, Any], str, str]] = [
    ("mirror-loaded", {"observed": running(mirrors=())}, "no mirror loaded", "runnerops deploy h1"),
    (
        "mirror-loaded",
        {"observed": running(mirrors=("http://192.0.2.9:1",))},
        "http://192.0.2.9:1",
        "runnerops deploy h1",
    ),
    ("daemon", {"observed": running(active="inactive")}, "inactive", "runnerops deploy h1"),
    ("cache-running", {"observed": running(containers=(our_container("other"),))}, "no container", "deploy h1"),
    ("cache-running", {"observed": running(containers=(our_container(running=False),))}, "stopped", "deploy h1"),
    (
        "cache-running",
        {"observed": running(containers=(our_container(running=False),)), "told": {DIRECT: "000 7"}},
        "does not start",
        "starts by itself",
    ),
    ("cache-running", {"observed": running(containers=(PORT,))}, f"listens on {BRIDGE}:5001", "deploy h1"),
    ("answers-host", {"told": {CODE: "000 7"}}, "refused", "docker logs runnerops-dockerhub-1"),
    ("answers-host", {"told": {CODE: "000 28"}}, "does not answer in time", "docker logs"),
    ("answers-host", {"told": {CODE: "503 0"}}, "storage", "docker logs"),
    ("answers-host", {"told": {CODE: "401 0"}}, "asks for a login", "docker logs"),
    ("answers-host", {"told": {CODE: "404 0"}}, "not a registry", "docker logs"),
    ("answers-host", {"told": {CODE: "500 0"}}, "answers 500", "docker logs"),
    (
        "answers-container",
        {"told": {REACH: "000 28"}},
        "firewall",
        f"iptables -I INPUT -p tcp -d {BRIDGE} --dport 5000",
    ),
    (
        "answers-container",
        {"told": {REACH: "000 28", "docker_firewall": "ufw"}},
        "firewall",
        f"ufw allow proto tcp to {BRIDGE} port 5000",
    ),
    (
        "answers-container",
        {"observed": running(version="29.7.2"), "told": {REACH: "000 28"}},
        "firewall",
        "iptables -I DOCKER-USER -p tcp -m conntrack --ctorigdstport 5000 -j ACCEPT",
    ),
    (
        "answers-container",
        {"observed": running(version="29.7.2"), "told": {REACH: "000 28", "docker_chains": "inet mine fwd"}},
        "firewall",
        "nft insert rule inet mine fwd ct original proto-dst 5000 accept",
    ),
    (  # in the cache's own network the way leads to docker-proxy still
        "answers-container",
        {"observed": running(version="29.7.2"), "told": {REACH: "000 28", "docker_inside": "1 runnerops_default /x"}},
        "firewall",
        f"iptables -I INPUT -p tcp -d {BRIDGE} --dport 5000",
    ),
    ("answers-container", {"tried": {REACH: "000 7"}}, "refused", "iptables"),
    ("upstream", {"told": {ASKED: "none", DIRECT: "000 6"}}, "name cannot be resolved", "names, routes"),
    ("upstream", {"told": {ASKED: "held", DIRECT: "000 7"}}, "only what is cached", "answer from h1"),
    ("upstream", {"told": {ASKED: "none", DIRECT: "401 0"}}, "requires a login", "username and password"),
    ("upstream", {"told": {ASKED: "none", DIRECT: "200 0"}}, "does not ask it", "docker logs"),
    ("space", {"told": {SPACE: "20000000 900000"}}, "too little space", "volume larger"),
    ("space", {"told": {SPACE: "65536 3000\n1000 900"}}, "too little space", "volume larger"),
    ("space", {"told": {SPACE: "20000000 9000000\n100000 900"}}, "too little inodes", "volume larger"),
    ("upstream", {"told": {ASKED: "none", DIRECT: "429 0"}}, "pull limit", "username and password"),
    ("upstream", {"told": {ASKED: "none", DIRECT: "502 0"}}, "answers with status 502", "check"),
    ("upstream", {"without": (ASKED, DIRECT)}, "does not answer h1 itself", "answer from h1"),
    ("pull", {"traced": {"registry_log/dockerhub": line(404)}}, "answered 404", "upstream"),
    ("pull", {"traced": {"registry_log/dockerhub": ""}}, "bypassed", "journalctl -u docker"),
    ("pull", {"traced": {"registry_log/dockerhub": line(agent="docker/26 other")}}, "bypassed", "journalctl"),
    ("pull", {"traced": {"registry_log/dockerhub": line(path="/v2/library/alpine/manifests/3.1")}}, "bypassed", ""),
    (
        "pull",
        {"observed": running(mirrors=("http://192.0.2.9:1", URL)), "traced": {"registry_log/dockerhub": ""}},
        "bypassed",
        "http://192.0.2.9:1",
    ),
    (
        "pull",
        {"traced": {"registry_log/dockerhub": "", "registry_logs/dockerhub": "0"}},
        "logs no requests",
        "log.level",
    ),
    ("pull", {"traced": "no route"}, "could not be read: no route", "runnerops verify h1"),
    ("pull", {"traced": {}, "without": tuple(TRACED)}, "could not be read: its container", "runnerops verify h1"),
    (
        "pull",
        {"tried": {"docker_pull": '{"message":"toomanyrequests"}'}, "traced": {"registry_log/dockerhub": line(429)}},
        "toomanyrequests",
        "upstream",
    ),
    ("pull", {"tried": {"docker_pull": '{"error":"unexpected EOF"}'}}, "failed: unexpected EOF", "on h1: docker logs"),
    (
        "pull",
        {"tried": {"docker_pull": '{"errorDetail":{"code":5,"message":"no such host"}}'}},
        "failed: no such host",
        "on h1: docker logs",
    ),
    ("pull", {"traced": {LOG: log(layer=0)}}, "1 object of it came from elsewhere", "on h1: docker logs"),
    ("pull", {"traced": {LOG: log(layer=404)}}, "answered 404", "on h1: docker logs"),
    ("pull", {"traced": {LOG: log(config=500)}}, "1 object of it came from elsewhere", "on h1: docker logs"),
    ("pull", {"traced": {LOG: log(config=500, layer=404)}}, "2 objects of it", "on h1: docker logs"),
    ("stored", {"traced": {"registry_stored/dockerhub": f" {CONFIG}"}}, "2 of 3 objects were passed on", "docker logs"),
    (
        "stored",
        {"traced": {"registry_stored/dockerhub": "", "registry_full/dockerhub": "4"}},
        "no space is left on its volume",
        "docker logs",
    ),
    ("catalog", {"traced": {"registry_catalog/dockerhub": '{"repositories":[]}'}}, "kept nothing", "volume"),
    ("catalog", {"without": ("registry_catalog/dockerhub",)}, "does not list", "docker logs"),
]


@pytest.mark.parametrize(
    ("link", "fault", "reason", "fix"), FAULTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_each_fault_is_named_with_its_reason_and_fix(link: str, fault: dict[str, Any], reason: str, fix: str) -> None:
    checks = broken(host_with_cache(), evidence(**fault))
    assert link in checks
    assert reason in checks[link].reason
    assert fix in checks[link].fix
    assert all(check.reason and check.fix for check in checks.values())


def test_a_fault_fails_only_the_checks_that_it_concerns() -> None:
    """A mirror that is not loaded, a firewall, an upstream that is down: each alone, the rest holds or is untried."""
    assert list(broken(host_with_cache(), evidence(running(mirrors=())))) == ["mirror-loaded"]
    assert list(broken(host_with_cache(), evidence(told={REACH: "000 28"}))) == ["answers-container"]
    assert list(broken(host_with_cache(), evidence(told={ASKED: "held", DIRECT: "000 7"}))) == ["upstream"]


def test_what_is_no_fault_does_not_fail() -> None:
    """An upstream with other repositories answers 404; a layer may be fetched once for two pulls; storage may be S3."""
    checks = states(host_with_cache(), evidence(told={ASKED: "none", DIRECT: "404 0"}))
    assert checks["upstream"].state == "pass"
    assert "none of the repositories" in checks["upstream"].reason
    shared = line(path=f"/v2/library/alpine/blobs/{LAYER}", agent="docker/26 other", method="GET")
    assert not broken(host_with_cache(), evidence(traced={LOG: f"{log(layer=0)}\n{shared}"}))
    retried = line(500, f"/v2/library/alpine/blobs/{LAYER}", method="GET")
    assert not broken(host_with_cache(), evidence(traced={LOG: f"{retried}\n{log()}"}))
    bucket = host_with_cache(config={"storage": {"s3": {"bucket": "x"}}})
    checks = states(bucket, replace(evidence(traced={"registry_stored/dockerhub": ""}), hosts={"h1": bucket}))
    assert "stored" not in checks
    assert not [call for call in VERIFY_PROVIDERS[1].inquiries(bucket, PROBE) if "verify_registry_space" in call]


def test_a_login_that_is_refused() -> None:
    this_host = host_with_cache(username="acme", password="s3cret")
    (check,) = broken(this_host, evidence(told={ASKED: "none"})).values()
    assert "refuses the login of the cache (acme)" in check.reason
    assert "s3cret" not in check.reason + check.fix


@pytest.mark.parametrize(
    ("fault", "link", "reason"),
    [
        ({"without": ("docker_inside", REACH)}, "answers-container", "no container runs"),
        ({"observed": BARE, "without": (REACH,)}, "answers-container", "nsenter"),
        ({"told": {CODE: "000 7"}}, "answers-container", "not answer from the host"),
        ({"told": {CODE: "000 7"}}, "upstream", "does not answer"),
        ({"told": {ASKED: "nothing"}}, "upstream", "no content yet"),
        ({"told": {ASKED: "held", DIRECT: "200 0"}}, "upstream", "has every tag"),
        ({"observed": running(mirrors=())}, "pull", "bypass every cache"),
        ({"traced": {**EMPTY, LOG: line()}, "tried": {"docker_pull": DONE}}, "catalog", "by its name or another"),
        ({"told": {DIRECT: "404 0"}, "traced": {LOG: line(404), DIRECT: "404 0"}}, "pull", "has no library/alpine"),
    ],
)
def test_what_cannot_be_tried_says_why(fault: dict[str, Any], link: str, reason: str) -> None:
    check = states(host_with_cache(), evidence(**fault))[link]
    assert check.state == "skip"
    assert reason in check.reason


@pytest.mark.parametrize(
    ("after", "left"),
    [
        *(("same", ""), ("removed", ""), ("restored", ""), ("stays jobs", "CI jobs")),
        *(("stays pulled", "somebody else"), ("stays used", "a container uses it"), ("", "could not be removed")),
    ],
)
def test_what_is_left_of_the_pull_is_said(after: str, left: str) -> None:
    check = states(host_with_cache(), evidence(tried={"docker_after": after}))["pull"]
    assert check.state == "pass"
    assert left in check.reason
    assert bool(left) == bool(check.reason)


def test_the_pull_is_tried_where_it_shows_something() -> None:
    this_host = host_with_cache()
    ((call),) = pull_tests(this_host, evidence())
    assert call == ("docker_pull_test", "m4rk", "alpine:3", "alpine", "3", "no", URL)
    assert pull_tests(this_host, replace(evidence(), quick=True)) == []
    assert pull_tests(this_host, evidence(running(mirrors=()))) == []
    assert pull_tests(this_host, evidence(told={CODE: "000 7"})) == []
    assert pull_tests(this_host, evidence(running(active="inactive"))) == []
    alive = replace(running(), last=Run(7, Requester("u", "m"), "", "", running=True))
    assert pull_tests(this_host, evidence(alive)) == []
    assert "run 7 is going on" in states(this_host, evidence(alive))["pull"].reason


def test_a_client_of_another_hosts_cache() -> None:
    url = "http://192.0.2.20:5000"
    this_host = replace(host(caches=[cache(listen="192.0.2.20:5000")]), name="c1")
    usable = (Cache("dockerhub", "c1", HUB, "docker.io", url, local=False),)
    client = host({"registry-mirrors": [url]}, usable=usable)
    host_answers = {f"registry_code/{url}": answer("200 0"), f"docker_reach/{url}": answer("000 28")}
    host_answers["docker_inside"] = answer("1 default /x")
    traced = {**TRACED, ASKED: "upstream"}
    host_evidence = Evidence(
        *(running(mirrors=(url,)), PROBE, host_answers, {name: answer(text) for name, text in PULLED.items()}),
        {"c1": {name: answer(text) for name, text in traced.items()}},
        {"c1": this_host},
    )
    checks = states(client, host_evidence)
    assert "cache-running" not in checks
    assert checks["upstream"].state == "pass"
    assert "cache dockerhub of c1" in checks["pull"].what
    assert "iptables -I DOCKER-USER" in checks["answers-container"].fix
    unreached = states(client, replace(host_evidence, log_queries={"c1": "c1 is down"}))
    assert unreached["pull"].state == unreached["upstream"].state == "fail"
    assert states(client, replace(host_evidence, log_queries={}, quick=True))["upstream"].state == "skip"


BETWEEN = "http://192.0.2.20:5000"


@pytest.mark.parametrize(
    ("code", "there", "reason", "fix"),
    [
        (
            "000 28",
            {f"registry_code/{BETWEEN}": "200 0"},
            "TCP from 192.0.2.10 (h1) to 192.0.2.20 port 5000 (c1)",
            "iptables -I DOCKER-USER -p tcp -s 192.0.2.10 -m conntrack --ctorigdstport 5000 -j ACCEPT",
        ),
        ("000 7", {f"registry_code/{BETWEEN}": "200 0"}, "a firewall between the two", "on c1: iptables"),
        (
            "000 28",
            {f"registry_code/{BETWEEN}": "200 0", "docker_chains": "FORWARD\ninet mine fwd"},
            "a firewall between the two",
            "on c1: iptables -I FORWARD -p tcp -s 192.0.2.10 -m conntrack --ctorigdstport 5000 -j ACCEPT"
            " && nft insert rule inet mine fwd ip saddr 192.0.2.10 ct original proto-dst 5000 accept;",
        ),
        (
            "000 28",
            {f"registry_code/{BETWEEN}": "200 0", "docker_chains": ""},
            "a firewall between the two",
            "open the network's own firewall: on c1 no chain but Docker's own",
        ),
        ("000 28", {}, "itself either", "runnerops deploy c1"),
        ("000 28", "no route to c1", "not known: no route to c1", "runnerops status c1"),
        ("000 60", {f"registry_code/{BETWEEN}": "200 0"}, "certificate", f"on h1: curl -v {BETWEEN}/v2/"),
        ("503 0", {f"registry_code/{BETWEEN}": "200 0"}, "storage", "runnerops verify c1"),
    ],
)
def test_a_cache_of_another_host_that_is_not_reached(code: str, there: Any, reason: str, fix: str) -> None:
    usable = (Cache("dockerhub", "c1", HUB, "docker.io", BETWEEN, local=False),)
    this_host = host({"registry-mirrors": [BETWEEN]}, usable=usable)
    host_answers = {
        f"registry_code/{BETWEEN}": answer(code),
        f"registry_connection/{BETWEEN}": answer("192.0.2.10 192.0.2.20"),
    }
    host_evidence = Evidence(running(mirrors=(BETWEEN,)), PROBE, host_answers)
    assert cache_hosts([(this_host, host_evidence)]) == ["c1"]
    traced = there if isinstance(there, str) else {name: answer(text) for name, text in there.items()}
    other = replace(host(caches=[cache(listen="192.0.2.20:5000")]), name="c1")
    check = broken(this_host, replace(host_evidence, log_queries={"c1": traced}, hosts={"c1": other}))["answers-host"]
    assert reason in check.reason
    assert fix in check.fix
    assert (check.fix == "runnerops verify c1") is (code == "503 0")


def test_the_host_of_a_cache_that_cannot_be_told_by_the_way_is_named() -> None:
    usable = (Cache("dockerhub", "c1", HUB, "docker.io", BETWEEN, local=False),)
    this_host = host({"registry-mirrors": [BETWEEN]}, usable=usable)
    host_evidence = Evidence(running(mirrors=(BETWEEN,)), PROBE, {f"registry_code/{BETWEEN}": answer("000 28")})
    check = broken(this_host, replace(host_evidence, log_queries={"c1": {f"registry_code/{BETWEEN}": answer("200 0")}}))
    assert "TCP from h1 (h1) to 192.0.2.20 port 5000 (c1)" in check["answers-host"].reason


RUNNER_HOST = Host("h1", "192.0.2.10", sections={ServiceName.GITLAB_RUNNER: {}})
CONFIG_TOML = "/etc/gitlab-runner/config.toml"
APPLIED = {CONFIG_TOML: sha256(b"concurrent = 1\n")}


@pytest.mark.parametrize(
    ("unit", "printed", "keys", "failed"),
    [
        ({}, "100 200", {}, {}),
        ({}, "300 200 loaded", {}, {}),
        ({"enabled": "static"}, "100 200", {}, {}),
        ({}, "300 200 refused", {}, {"config-loaded": "on h1: journalctl -u gitlab-runner.service -n 20"}),
        ({}, "300 200 refused", {"applied": {CONFIG_TOML: "other"}}, {"config-loaded": "runnerops deploy h1"}),
        ({}, "none 200", {}, {"config-loaded": "runnerops deploy h1"}),
        ({"enabled": "disabled"}, "100 200", {}, {"unit-enabled": "runnerops deploy h1"}),
        ({"enabled": "masked"}, "100 200", {}, {"unit-enabled": "on h1: systemctl unmask gitlab-runner.service"}),
        ({"active": "inactive"}, "", {}, {"unit-active": "runnerops deploy h1"}),
        ({"active": "failed"}, "", {}, {"unit-active": "on h1: journalctl -u gitlab-runner.service -n 20"}),
        ({"active": "activating"}, "", {}, {"unit-active": "on h1: journalctl -u gitlab-runner.service -n 20"}),
        ({"active": "not-found"}, "", {}, {"unit-active": "install GitLab's gitlab-runner package on h1"}),
    ],
)
def test_the_runner_is_checked(
    unit: dict[str, Any], printed: str, keys: dict[str, Any], failed: dict[str, str]
) -> None:
    facts = replace(runner(), unit=replace(runner().unit, **{"enabled": "enabled", **unit}))
    observed = state({CONFIG_TOML: b"concurrent = 1\n"}, runner_facts=facts, **{"applied": APPLIED, **keys})
    checks = assess(RUNNER_HOST, Evidence(observed, PROBE, {"runner_loaded": answer(printed)}))
    assert {check.name: check.fix for check in checks if check.state == "fail"} == failed
    assert all(check.reason for check in checks if check.state != "pass")
    if not failed:
        assert [check.name for check in checks] == ["unit-enabled", "unit-active", "config-loaded"]


def test_a_runner_whose_log_does_not_tell_is_no_broken_one() -> None:
    for said in ("300 200", "200 200", ""):
        observed = state({CONFIG_TOML: b""}, runner_facts=runner())
        checks = {
            check.name: check
            for check in assess(RUNNER_HOST, Evidence(observed, PROBE, {"runner_loaded": answer(said)}))
        }
        assert checks["config-loaded"].state == "skip"
        assert "its log does not say" in checks["config-loaded"].reason


@pytest.mark.parametrize(
    ("active", "enabled", "returning", "failed"),
    [
        ("inactive", "disabled", False, []),
        ("failed", "masked", False, []),
        ("inactive", "enabled", False, ["unit-enabled"]),
        ("active", "enabled", False, ["unit-active", "unit-enabled"]),
        ("inactive", "disabled", True, ["unit-active"]),
    ],
)
def test_a_runner_that_is_kept_stopped_must_stay_so(
    active: str, enabled: str, returning: bool, failed: list[str]
) -> None:
    this_host = replace(RUNNER_HOST, stopped=frozenset({ServiceName.GITLAB_RUNNER}))
    facts = replace(
        runner(active=active), unit=replace(runner(active=active).unit, enabled=enabled), returning=returning
    )
    checks = assess(this_host, Evidence(state(runner_facts=facts), PROBE))
    assert [check.name for check in checks if check.state == "fail"] == failed
    assert {check.name for check in checks} == {"unit-active", "unit-enabled"}


def test_a_runner_that_drains_for_a_run_is_on_its_way_back() -> None:
    facts = replace(runner(active="inactive"), returning=True)
    checks = {check.name: check for check in assess(RUNNER_HOST, Evidence(state(runner_facts=facts), PROBE))}
    assert checks["unit-active"].state == "pass"
    assert "after its last job" in checks["unit-active"].reason
    assert checks["config-loaded"].state == "skip"


def test_only_hosts_of_mirrors_are_asked_for_traces() -> None:
    """A cache with `use: false`, or one that is no mirror here, has a host that is not to be contacted."""
    other = Cache("old", "c9", HUB, "docker.io", "http://192.0.2.99:5000", local=False, use=False)
    assert cache_hosts([(replace(host_with_cache(), caches=(*host_with_cache().caches, other)), evidence())]) == ["h1"]
    assert cache_hosts([(host({}), evidence())]) == []
    assert cache_hosts([(host_with_cache(), replace(evidence(), pull_answers=None))]) == []


def test_each_host_has_its_own_marker() -> None:
    """Two clients of one cache: the pull of one is no proof for the other."""
    one, other = with_marker(PROBE), with_marker(PROBE)
    assert len({PROBE.marker, one.marker, other.marker}) == 3
    log = line(agent=AGENT.replace("m4rk", one.marker))
    assert [found.status for found in requests(log, one, marked=True)] == ["200"]
    assert list(requests(log, other, marked=True)) == []


def test_a_mirror_that_no_cache_of_the_inventory_is_behind() -> None:
    url = f"http://{BRIDGE}:5009"
    location: dict[Key, SourceLocation] = {("docker", "registry-mirrors"): SourceLocation("inventory.yml", 7, 5)}
    this_host = replace(
        host_with_cache(),
        sections={**host_with_cache().sections, ServiceName.DOCKER: {"registry-mirrors": [url]}},
        locations=location,
    )
    check = broken(this_host, evidence(running(mirrors=(url,)), told={f"registry_code/{url}": "000 7"}))["answers-host"]
    assert "inventory.yml:7:5" in check.fix
    assert URL in check.fix
    fine = states(this_host, evidence(running(mirrors=(url,)), told={f"registry_code/{url}": "200 0"}))["pull"]
    assert fine.state == "skip"
    assert "not caches of this inventory" in fine.reason


def test_a_cache_that_only_jobs_use_must_be_reached_by_containers() -> None:
    service: Tree = {"name": "docker:dind", "command": ["--registry-mirror", f"{URL}/"]}
    runner: Tree = {"runners": [{"name": "one", "docker": {"services": [service]}}]}
    none: Tree = {"registry-mirrors": []}
    sections = {**host_with_cache().sections, ServiceName.DOCKER: none, ServiceName.GITLAB_RUNNER: runner}
    this_host = replace(host_with_cache(), sections=sections)
    assert ("verify_docker_inside", URL) in VERIFY_PROVIDERS[0].inquiries(this_host, PROBE)
    assert "answers-container" in broken(this_host, evidence(told={REACH: "000 28"}))
    assert "answers-container" not in broken(this_host, evidence())
    assert "pull" not in states(this_host, evidence())


LOCAL = "http://127.0.0.1:5000"


@pytest.mark.parametrize("url", [LOCAL, "http://localhost:5000", "http://[::1]:5000"])
def test_a_mirror_on_the_loopback_is_the_daemons_alone_unless_jobs_are_given_it(url: str) -> None:
    """As everybody has it who started a registry by hand: nothing is wrong with it."""
    usable = (Cache("dockerhub", "h1", HUB, "docker.io", url, local=True),)
    this_host = host({"registry-mirrors": [url]}, [cache(listen="0.0.0.0:5000", url=url)], usable=usable)
    values = {f"registry_code/{url}": "200 0", f"docker_reach/{url}": "000 7"}
    host_evidence = evidence(running(mirrors=(url,)), values, {f"docker_reach/{url}": "000 7"})
    assert states(this_host, host_evidence)["answers-container"].state == "skip"
    assert "only the daemon uses it" in states(this_host, host_evidence)["answers-container"].reason
    service: Tree = {"name": "docker:dind", "command": ["--registry-mirror", url]}
    runner: Tree = {"runners": [{"name": "one", "docker": {"services": [service]}}]}
    given = replace(this_host, sections={**this_host.sections, ServiceName.GITLAB_RUNNER: runner})
    assert "address of the docker bridge" in broken(given, host_evidence)["answers-container"].fix


def test_what_is_asked_has_a_function_and_an_answer_of_its_own() -> None:
    """Answers of an observation and of what verify asks besides stand in one mapping."""
    verify = "\n".join(provider.VERIFY for provider in VERIFY_PROVIDERS)
    calls = [call for provider in VERIFY_PROVIDERS for call in provider.log_queries(host_with_cache(), PROBE, 9)]
    calls += [call for provider in VERIFY_PROVIDERS for call in provider.inquiries(host_with_cache(), PROBE)]
    assert {call[0] for call in calls} <= set(re.findall(r"^(\w+)\(\)", verify, re.MULTILINE))
    observe = "\n".join(service.OBSERVE for service in (DOCKER, REGISTRY, GITLAB_RUNNER))
    answers = [set(re.findall(r'\bask "?(\w+)', text)) for text in (observe, verify)]
    assert all(answers)
    assert answers[0] & answers[1] == set()


def test_a_host_without_cache_and_mirror_has_no_checks_of_a_pull() -> None:
    assert assess(host(), evidence()) == ()


def test_services_with_checks_implement_the_whole_protocol() -> None:
    for verify in VERIFY_PROVIDERS:
        assert isinstance(verify.VERIFY, str)
        assert isinstance(verify.PULL_TEST, str)
    assert "docker_pull_test" in VERIFY_PROVIDERS[0].PULL_TEST


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("alpine:3", ("alpine:3", "library/alpine", "3")),
        ("alpine", ("alpine:latest", "library/alpine", "latest")),
        ("library/alpine:3", ("alpine:3", "library/alpine", "3")),
        ("docker.io/library/alpine:3.20", ("alpine:3.20", "library/alpine", "3.20")),
        ("docker.io/gitlab/gitlab-runner:v16", ("gitlab/gitlab-runner:v16", "gitlab/gitlab-runner", "v16")),
        ("ghcr.io/a/b:1", None),
        ("localhost/a:1", None),
        ("localhost:5000/a:1", None),
        ("alpine@sha256:0123", None),
        ("Alpine:3", None),
        ("alpine:3&fromImage=x", None),
        ("", None),
    ],
)
def test_only_images_of_the_hub_go_through_a_mirror(text: str, found: tuple[str, str, str] | None) -> None:
    assert parse_image(text) == found


@pytest.mark.parametrize(
    ("log", "texts"),
    [
        (line(), ["200"]),
        (line(path="/v2/library/alpine/manifests/3?ns=docker.io"), ["200"]),
        (line(path="/v2/library/alpinist/manifests/3"), []),
        (line(agent="curl/8"), []),
        (f'time="x" level=info msg="response completed" http.request.uri=/v2/library/alpine/manifests/3 '
         f'http.request.useragent="{AGENT}" http.response.status=200 http.response.written=1', ["200"]),
        (json.dumps({"http.request.uri": "/v2/library/alpine/manifests/3", "http.request.useragent": AGENT,
                     "http.response.status": 404}), ["404"]),
        ("", []),
    ],
)  # fmt: skip
def test_a_caches_log_is_read_by_the_marker(log: str, texts: list[str]) -> None:
    assert [request.status for request in requests(log, PROBE, marked=True)] == texts


def test_without_a_marker_any_daemons_request_counts() -> None:
    log = "\n".join((line(agent="curl/8"), line(agent="docker/26.1 go/1")))
    assert [request.status for request in requests(log, PROBE, marked=False)] == ["200"]


def test_pages_of_a_catalog() -> None:
    assert repositories('{"repositories":["a","b"]}\n{"repositories":["c"]}\nnonsense\n[]\n') == ("a", "b", "c")


@pytest.mark.parametrize("firewall", ["ufw", "firewalld", "iptables", "nft", ""])
def test_the_line_that_opens_a_firewall(firewall: str) -> None:
    text = opening(URL, firewall, "input")
    assert BRIDGE in text
    assert "5000" in text
    assert (firewall or "iptables").partition("d")[0] in text
    text = opening("https://cache.example.com", firewall, "forward")
    assert text == "iptables -I DOCKER-USER -p tcp -m conntrack --ctorigdstport 443 -j ACCEPT"
    assert opening("http://[2001:db8::1]:5000", firewall, "forward").startswith("ip6tables ")
