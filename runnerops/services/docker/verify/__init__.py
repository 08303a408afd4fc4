"""The daemon's checks in `verify`: it answers, and has the mirrors loaded; and the test pull that shows who serves it.
Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from runnerops.frozen import frozen
from runnerops.model.answers import Answers
from runnerops.model.common import ServiceName
from runnerops.model.facts import HostsFile
from runnerops.model.inventory import Host
from runnerops.services.docker.format import NAME
from runnerops.services.docker.observe.hosts_file import over_mirrors
from runnerops.services.docker.schema import mirrors_of
from runnerops.services.shared.daemon import running
from runnerops.services.shared.job_services import urls_given
from runnerops.services.verify import NO_ANSWER, Call, Check, Evidence, Probe

VERIFY = Path(__file__).with_name("verify.sh").read_text(encoding="utf-8")
PULL_TEST = Path(__file__).with_name("pull-test.sh").read_text(encoding="utf-8")

REACHED = frozenset({"200"})


def mirrors(host: Host) -> tuple[str, ...]:
    """The mirrors that the inventory gives this host's daemon, without a slash at the end."""
    return tuple(url.rstrip("/") for url in mirrors_of(host.sections.get(NAME, {}).get("registry-mirrors")))


def for_containers(host: Host) -> tuple[str, ...]:
    """The URLs that containers must reach: the daemon's mirrors, and the caches that its runners give to jobs."""
    mirror_urls = urls_given(host.sections.get(ServiceName.GITLAB_RUNNER, {}))
    jobs = (url for cache in host.caches if (url := cache.url.rstrip("/")) in mirror_urls)
    return tuple(dict.fromkeys((*mirrors(host), *jobs)))


def inquiries(host: Host, probe: Probe) -> Sequence[Call]:  # noqa: ARG001
    """Asks whether containers reach them."""
    urls = for_containers(host)
    return (("verify_docker_inside", *urls),) if urls else ()


def pull_test(host: Host, evidence: Evidence) -> Call | None:
    """One pull. None if it would bypass every cache, because it would then count for the pull limit that caches should
    save.
    """
    if why_no_pull(host, evidence):
        return None
    probe, jobs = (
        evidence.probe,
        evidence.observed.facts.runner is not None and bool(evidence.observed.facts.runner.jobs),
    )
    name = probe.image.rpartition(":")[0]
    return (
        "docker_pull_test",
        probe.marker,
        probe.image,
        name,
        probe.tag,
        "yes" if jobs else "no",
        *for_containers(host),
    )


def log_queries(host: Host, probe: Probe, seconds: int) -> Sequence[Call]:  # noqa: ARG001
    """Traffic of other hosts that passes this one on its way to a cache."""
    return (("verify_docker_chains",),)


def cache_hosts(host: Host, evidence: Evidence) -> Iterable[str]:  # noqa: ARG001
    """None: the service of the caches names these."""
    return ()


def why_no_pull(host: Host, evidence: Evidence) -> str:
    """Why nothing is pulled on this host; empty if a pull is made."""
    alive = evidence.observed.last.number if evidence.observed.last and evidence.observed.last.running else 0
    if alive:
        return f"run {alive} is going on; verify again when it has ended"
    if not answers(evidence):
        return "the Docker daemon does not answer"
    if hosts_file := beaten(host, evidence):
        return f"{hosts_file.path} makes the daemon bypass every cache"
    usable = [
        url for url in mirrors(host) if url in loaded(evidence) and reached(evidence.answers, f"registry_code/{url}")
    ]
    return "" if usable else "the daemon has no mirror loaded that answers, so a pull would bypass every cache"


def answers(evidence: Evidence) -> bool:
    """Whether the daemon runs and answers."""
    docker = evidence.observed.facts.docker
    return docker is not None and running(docker) and bool(docker.version)


def loaded(evidence: Evidence) -> tuple[str, ...]:
    """The mirrors that the daemon uses, in its order."""
    docker = evidence.observed.facts.docker
    return tuple(url.rstrip("/") for url in (docker.mirrors or ())) if docker else ()


def reached(pull_answers: Answers, name: str) -> bool:
    """Whether the request with this name succeeded."""
    return pull_answers.get(name, NO_ANSWER).text.partition(" ")[0] in REACHED


def checks(host: Host, evidence: Evidence) -> Iterable[Check]:
    """Checks the daemon itself, and each mirror."""
    if NAME not in host.sections and ServiceName.REGISTRY not in host.sections:
        return
    docker = evidence.observed.facts.docker
    if not answers(evidence):
        state = docker.unit.active if docker else "not there"
        fix = f"runnerops deploy {host.name}" if NAME in host.sections else "systemctl start docker"
        yield Check("daemon", NAME, "the Docker daemon answers", "fail", f"docker.service is {state}", fix)
        return
    assert docker
    yield Check("daemon", NAME, f"the Docker daemon answers ({docker.version})")
    yield from (_mirror(host, url, evidence) for url in mirrors(host))
    if hosts_file := beaten(host, evidence):
        title = "the daemon asks its mirrors for images of Docker Hub"
        reason = f"{hosts_file.path} overrides them, because the daemon keeps images in containerd's store"
        fix = f"on {host.name}: mv {hosts_file.path} {hosts_file.path}.off, or name the mirror in it"
        yield Check("mirror-asked", NAME, title, "fail", reason, fix)


def beaten(host: Host, evidence: Evidence) -> HostsFile | None:
    """The file that the daemon reads before its mirrors; None if there is none."""
    docker = evidence.observed.facts.docker
    containerd = docker is not None and docker.store is not None and docker.store.containerd
    return over_mirrors(mirrors(host), docker, containerd=containerd) if docker else None


def _mirror(host: Host, url: str, evidence: Evidence) -> Check:
    title = f"the daemon has the mirror {url} loaded"
    loaded_mirrors = loaded(evidence)
    if url not in loaded_mirrors:
        reason = f"it has {', '.join(loaded_mirrors)} loaded instead" if loaded_mirrors else "it has no mirror loaded"
        return Check("mirror-loaded", NAME, title, "fail", reason, f"runnerops deploy {host.name}")
    return Check("mirror-loaded", NAME, title)


# ------------------------------------------------------------------------------------------------------- the pull


@frozen
class Pull:
    """The result of the test pull. `error` is the daemon's; `leftover_reason` says why the image is not as it was before.

    `layers` are the first 12 hex digits of the digest of each layer that was fetched.
    """

    fresh: bool
    marked: bool
    error: str
    leftover_reason: str
    layers: tuple[str, ...] = ()


_LEFT = {
    "stays pulled": "somebody else pulled it meanwhile",
    "stays jobs": "CI jobs run on the host and may need it",
    "stays used": "a container uses it",
}


def pull_of(tried: Answers) -> Pull:
    """Read from the answers of the pull test."""
    lines = list(_lines(tried.get("docker_pull", NO_ANSWER).output))
    error_keys = ("error", "errorDetail", "message")  # newer daemons leave out the first
    error = next((line[key] for line in reversed(lines) for key in error_keys if line.get(key)), "")
    if not lines:
        error = "the daemon said nothing within 300 s"
    after = tried.get("docker_after", NO_ANSWER).text
    broken = "" if after in {"same", "removed", "restored"} else "it could not be removed"
    return Pull(
        fresh=tried.get("docker_before", NO_ANSWER).text == "none",
        marked=not any(line.get("status") == "unmarked" for line in lines),
        error=error,
        leftover_reason=_LEFT.get(after, broken),
        layers=tuple(_layers(lines)),
    )


def _layers(lines: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """The layers that the daemon downloaded. It marks one that it already has with `Already exists`."""
    messages: dict[str, set[str]] = {}
    for line in lines:
        messages.setdefault(line.get("id", ""), set()).add(line.get("status", ""))
    for layer, words in messages.items():
        if re.fullmatch(r"[0-9a-f]{12}", layer) and words & _DOWNLOADED and "Already exists" not in words:
            yield layer


_DOWNLOADED = frozenset({"Downloading", "Download complete", "Pull complete"})


def _lines(output: bytes) -> Iterator[Mapping[str, str]]:
    """The daemon's stream, one object per line. Other lines are messages of the client."""
    for line in output.decode("utf-8", "replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            entry = {"error": line.strip()} if line.strip() else {}
        if isinstance(entry, dict) and entry:
            yield {name: _text(value) for name, value in entry.items()}


def _text(value: object) -> str:
    """The text of a value; of an `errorDetail` its message."""
    return str(value.get("message") or value) if isinstance(value, dict) else str(value)
