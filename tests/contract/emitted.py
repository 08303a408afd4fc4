"""Every command that plans make hosts run, in its form: what is a value there is a word in capitals here."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from runnerops.model.common import ServiceName, Tree
from runnerops.model.facts import Client, Container, RunnerFacts, Unit
from runnerops.model.host_state import HostState, RemoteFile, sha256
from runnerops.model.inventory import Cache, Host, Original, Policy, RenderedFile, Requester
from runnerops.model.plan import Plan
from runnerops.model.steps import Step
from runnerops.planning.plan import Request, make_plan
from runnerops.planning.reconcile import reconcile
from runnerops.planning.remove import KeptState, remove_services
from runnerops.planning.rotate import RotationPlanner
from runnerops.services.scripts import content
from tests.unit.services.builders import (
    ARGV,
    BRIDGE,
    MIRROR,
    Vault,
    cache,
    compose_facts,
    engine,
    our_container,
    render_all,
    state,
)

Argv = tuple[str, ...]
_ONE: Tree = {"name": "one", "url": "https://gitlab.example.com", "token": "glrt-" + "a" * 20, "executor": "docker"}
DIND: Tree = {"name": "docker:dind", "command": [f"--registry-mirror=http://{BRIDGE}:5000"]}
DOCKER: Tree = {"live-restore": True, "registry-mirrors": [f"http://{BRIDGE}:5000"]}
RUNNER: Tree = {"concurrent": 2, "listen_address": "127.0.0.1:9252", "runners": [_ONE]}
NETWORKED: Tree = {
    "default-address-pools": [{"base": "10.231.0.0/16", "size": 24}],
    "debug": True,
    "experimental": True,
    "labels": ["a=b"],
    "log-driver": "local",
    "default-runtime": "other",
    "fixed-cidr": "10.231.0.128/25",
    "icc": False,
    "ip": "127.0.0.1",
    "ip-masq": False,
    "ipv6": True,
    "mtu": 1400,
    "log-opts": {"max-size": "7m"},
    "insecure-registries": ["10.9.0.0/16", "harbor.example:5000"],
    "runtimes": {"other": {"path": "/usr/sbin/runc"}},
}
DAEMONS: tuple[Tree, ...] = (
    {**DOCKER, "log-opts": {"max-size": "5m"}},
    {**DOCKER, "live-restore": False},
    {**DOCKER, "bip": "172.30.0.1/16"},
    {**DOCKER, "registry-mirrors": [MIRROR]},
    {**DOCKER, **NETWORKED},
    {"live-restore": True},
    {**DOCKER, "data-root": "/srv/docker"},
    {**DOCKER, "storage-driver": "vfs"},
    {**DOCKER, "features": {"containerd-snapshotter": True}},
)
RUNNERS: tuple[Tree, ...] = (
    {**RUNNER, "concurrent": 4},
    {**RUNNER, "listen_address": "127.0.0.1:9253"},
    {**RUNNER, "runners": [{**_ONE, "docker": {"image": "alpine:3", "services": [DIND]}}]},
)
POLICIES = (Policy(), Policy(kill_jobs=True), Policy(allow=frozenset({"unproven-mirror"})))
_UNIT = Unit("gitlab-runner.service", "active", 42, "abc", ("/usr/bin/gitlab-runner", "run"))


def host(docker: Tree | None, registry: Tree | None, runner: Tree | None) -> Host:
    sections = {ServiceName.DOCKER: docker, ServiceName.REGISTRY: registry, ServiceName.GITLAB_RUNNER: runner}
    usable = (
        Cache("dockerhub", "h1", "https://registry-1.docker.io", "docker.io", f"http://{BRIDGE}:5000", local=True),
    )
    return Host("h1", "192.0.2.10", sections={k: v for k, v in sections.items() if v is not None}, caches=usable)


def caches(*sections: Tree) -> Tree:
    return {"directory": "/opt/registry", "caches": list(sections)}


CACHES = (
    caches(cache(ttl="48h")),
    caches(cache(), cache("two", listen=f"{BRIDGE}:5001")),
    caches(),
)


HERE = host(DOCKER, caches(cache()), RUNNER)
"""A host with all services."""


def deployed(this_host: Host) -> HostState:
    """A host on which this was deployed, and where all of it runs."""
    fresh = running()
    want, _ = reconcile(this_host, rendered(this_host), fresh)
    files = {
        file.spec.path: RemoteFile(file.spec.path, "file", file.content, file.spec.mode, file.spec.owner)
        for file in want
        if file.content is not None
    }
    mirrors = this_host.sections.get(ServiceName.DOCKER, {}).get("registry-mirrors") or []
    assert isinstance(mirrors, list)
    label = re.search(rb'sha256: "?([0-9a-f]{64})', files["/opt/registry/docker-compose.yml"].content or b"")
    daemon = engine(
        mirrors=tuple(map(str, mirrors)),
        live=this_host.sections[ServiceName.DOCKER].get("live-restore") is True,
        containers=[our_container(label=label[1].decode() if label else "")],
        images=["registry:3.0.0"],
    )
    daemon = replace(daemon, client=Client("192.0.2.1", "192.0.2.10", "22", "eth0", "192.0.2.10"))
    return replace(fresh, files=files, facts=replace(fresh.facts, docker=daemon))


def rendered(this_host: Host) -> tuple[RenderedFile, ...]:
    return render_all(this_host, Vault())


def running(version: str = "16.11.0") -> HostState:
    answering = compose_facts(answers={f"http://{BRIDGE}:5000": True}, upstreams={"dockerhub": True})
    answering = replace(answering, volumes=("runnerops-dockerhub",))
    return state({}, engine(), registry_facts=answering, runner_facts=RunnerFacts(_UNIT, version))


def plan(this_host: Host, observed: HostState, policy: Policy = Policy()) -> Plan:  # noqa: B008  frozen
    files = rendered(this_host)
    want, _ = reconcile(this_host, files, observed)
    return make_plan(Request(this_host, files, want, observed, policy, Requester("me", "here"), key="00" * 32))


def removal(this_host: Host, host_state: HostState, policy: Policy) -> Plan:
    """Of all services, whose files were not there before the first run."""
    applied = {path: sha256(file.content) for path, file in host_state.files.items()}
    bases = {path: file.content for path, file in host_state.files.items() if file.content is not None}
    observed = replace(host_state, applied=applied, base=bases)
    off = remove_services(
        this_host,
        [*ServiceName],
        KeptState(this_host, applied, dict.fromkeys(applied, Original(None))),
        observed,
        policy,
    )
    return make_plan(Request(off.host, (), off.desired, observed, policy, Requester("me", "here"), off.blockers))


@functools.cache
def plans() -> tuple[Plan, ...]:
    """Each service's table, row by row: brought up, changed in each way, stopped, taken away."""
    return tuple(_plans())


def _plans() -> Iterator[Plan]:
    host_state = deployed(HERE)
    yield plan(HERE, running())
    yield plan(HERE, running("19.3.0"))
    for docker in DAEMONS:
        for policy in POLICIES:
            yield plan(host(docker, caches(cache()), RUNNER), host_state, policy)
    for section in CACHES:
        yield plan(host(DOCKER, section, RUNNER), host_state)
    secret = host(DOCKER, caches(cache(password="one")), RUNNER)
    yield plan(host(DOCKER, caches(cache(password="two")), RUNNER), deployed(secret))
    bare = host({**DOCKER, "live-restore": False}, caches(cache()), RUNNER)
    yield plan(host({**DOCKER, "live-restore": False, "mtu": 1400}, caches(cache()), RUNNER), deployed(bare))
    for runner in RUNNERS:
        for policy in POLICIES:
            yield plan(host(DOCKER, caches(cache(ttl="48h")), runner), host_state, policy)
    yield from (plan(HERE, observed) for observed in _stopped(host_state))
    enabled = RunnerFacts(replace(_UNIT, enabled="enabled"), "16.11.0")
    this_host = replace(HERE, stopped=frozenset({ServiceName.GITLAB_RUNNER}))
    yield plan(this_host, replace(host_state, facts=replace(host_state.facts, runner=enabled)))
    yield plan(HERE, _served_by_another())
    yield from (removal(HERE, host_state, Policy(volumes=volumes)) for volumes in (False, True))
    yield from rotations(HERE, host_state)
    wide = {path: replace(file, mode="0666") for path, file in host_state.files.items()}
    yield plan(HERE, replace(host_state, files=wide))


def rotations(this_host: Host, observed: HostState) -> Iterator[Plan]:
    """The host asks GitLab, or keeps what it gave already; then the file gets it."""
    rotating = RotationPlanner(this_host, observed, Policy(), Requester("me", "here"))
    given = rotating.with_stand_in_token(_ONE)
    rest = make_plan(given.request())
    yield rotating.first_run("one", _ONE, rest)
    yield rotating.first_run("one", _ONE, rest, {"token": "glrt-" + "b" * 20})
    yield rest


def _served_by_another() -> HostState:
    """A container of somebody else's has the port and the volume of a cache that is new."""
    observed = running()
    other = Container(
        "e" * 64, "reg", "registry:3.0.0", True, "always", (f"{BRIDGE}:5000",), {}, {"/x": "runnerops-dockerhub"}
    )
    return replace(observed, facts=replace(observed.facts, docker=engine(containers=[other])))


def _stopped(host_state: HostState) -> Iterator[HostState]:
    """Docker, its daemon that has live-restore as a flag, and the runner; with its file and without."""
    stopped = replace(_UNIT, active="inactive", pid=0, invocation="")
    for files in (host_state.files, {}):
        observed = replace(host_state, files=files)
        for argv in (ARGV, (*ARGV, "--live-restore")):
            yield replace(observed, facts=replace(observed.facts, docker=engine(active="failed", argv=argv)))
        yield replace(observed, facts=replace(observed.facts, runner=RunnerFacts(stopped, "16.11.0")))
    disabled = replace(_UNIT, enabled="disabled")
    daemon = replace(engine(), unit=replace(engine().unit, enabled="disabled"))
    yield replace(host_state, facts=replace(host_state.facts, docker=daemon, runner=RunnerFacts(disabled, "16.11.0")))


def argvs(steps: Sequence[Step]) -> Iterator[Argv]:
    """The commands in these steps."""
    before = {"guard": 1, "run": 1, "await": 2}
    for step in steps:
        if step.verb in before:
            yield step.args[before[step.verb] :]


_FORMS: Mapping[str, str] = {
    r"(/\S*/)?dockerd|@DOCKERD@": "dockerd",
    r"/\S*": "PATH",
    r"[0-9a-f]{64}": "ID",
    r"(https?://|@UPSTREAM@)\S+": "URL",
    r"[0-9]+": "NUMBER",
    r"[a-z]+:[a-z]+": "OWNER",
}
_WORDS = ("docker", "curl", "wget", "systemctl", "nsenter")
"""Programs that scripts are given to run."""


def form(argv: Argv) -> Argv:
    """A script is itself, with its flags; what it is given counts by its number, but for a list, or a command among it."""
    if argv[:2] == ("sh", "-c"):
        return (*argv[:4], *_arguments(argv[2], argv[4:]))
    if argv[0] == "sh":
        flags = tuple(takewhile(lambda word: word.startswith("--"), argv[2:]))
        return (*argv[:2], *flags, *_arguments(content(argv[1]).decode(), argv[2 + len(flags) :]))
    words = [_word(word) for word in argv]
    if words[:2] == ["docker", "pull"]:
        words[-1] = "IMAGE"
    if words[:2] == ["systemctl", "kill"]:
        words[3] = "SIGNAL"
    if words[0] == "docker" and "--no-deps" in words:
        del words[words.index("--no-deps") + 2 :]
    return tuple(words)


def _arguments(text: str, given: Argv) -> Argv:
    inner = next((at for at, word in enumerate(given) if word in _WORDS and '"$@"' in text), len(given))
    args = ("ARGS",) if re.search(r"\bfor \w+; do", text) else tuple("ARG" for _ in given[:inner])
    return (*args, *(form(given[inner:]) if inner < len(given) else ()))


def _word(word: str) -> str:
    name = re.sub(r"^(label=com\.docker\.compose\.service)=.*", r"\1=NAME", word)
    return next((text for pattern, text in _FORMS.items() if re.fullmatch(pattern, name)), name)


def emitted() -> set[Argv]:
    """The form of every command of every plan, there and back."""
    return {form(argv) for made in plans() for argv in argvs((*made.forward, *made.rollback))}


if __name__ == "__main__":
    for each in sorted(emitted()):
        print(" ".join(word[:60] for word in each))
