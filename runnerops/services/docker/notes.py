"""Notes on the Docker daemon in a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runnerops.model.facts import DockerFacts
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.model.plan import Action
from runnerops.services.docker.action.store import differences, keeps_in_containerd, loses_volumes
from runnerops.services.docker.diff import path_of, tree_of
from runnerops.services.docker.format import NAME
from runnerops.services.docker.observe.hosts_file import over_mirrors
from runnerops.services.docker.reconcile import reconcile, written_out
from runnerops.services.docker.schema import mirrors_of


def remarks(
    host: Host, rendered: Sequence[RenderedFile], actions: Sequence[Action], observed: HostState
) -> Iterable[str]:
    """What a restart left undone, what another store leaves behind, and keys that are there only to unload a value."""
    docker = observed.facts.docker
    if not rendered or docker is None:
        return
    yield from _bridge(docker, observed)
    yield from _hosts_file(host, rendered, docker, observed)
    if any(action.service is NAME and action.new_store for action in actions):
        yield _left_behind(host, rendered, docker, observed)
    if names := written_out(host, rendered, observed):
        them = "them" if len(names) > 1 else "it"
        yield (
            f"{path_of(observed)} has {', '.join(names)}, which nothing asks for: Docker forgets an old value of "
            "such a key only when another value is written, or when it restarts; the next run that restarts Docker takes "
            f"{them} out"
        )


def _bridge(docker: DockerFacts, observed: HostState) -> Iterator[str]:
    """A bridge that a restart could not change because containers were running, although the file is in sync."""
    bip = str(tree_of(observed.file(path_of(observed)).content).get("bip") or "")
    if docker.bridge and bip and bip.partition("/")[0] != docker.bridge:
        yield (
            f"docker's bridge has the address {docker.bridge}, not the {bip} of daemon.json; the next restart of Docker"
            " changes it"
        )


def _hosts_file(
    host: Host, rendered: Sequence[RenderedFile], docker: DockerFacts, observed: HostState
) -> Iterator[str]:
    if docker.hosts_file is None:
        return
    (file, *_), _ = reconcile(host, rendered, observed)
    old, desired = tree_of(observed.file(path_of(observed)).content), tree_of(file.content)
    containerd = keeps_in_containerd(desired, old, docker)
    if hosts_file := over_mirrors(mirrors_of(desired.get("registry-mirrors")), docker, containerd=containerd):
        to = ", ".join(host.rpartition("@")[2] for host in hosts_file.hosts)
        yield (
            f"{hosts_file.path} overrides registry-mirrors, because Docker keeps images in containerd's store: pulls of"
            f" Docker Hub go to {to}; remove the file, or name the mirror in it"
        )


def _left_behind(host: Host, rendered: Sequence[RenderedFile], docker: DockerFacts, observed: HostState) -> str:
    old = tree_of(observed.file(path_of(observed)).content)
    (file, *_), _ = reconcile(host, rendered, observed)
    switches = differences(old, tree_of(file.content), docker)
    where = docker.store.root if docker.store else "the old data-root"
    text = f"Docker will not see its present images and containers ({', '.join(map(str, switches))}); they stay on disk"
    caches = "managed caches are created again, and their images are pulled after the restart"
    if loses_volumes(switches):
        return f"{text}, under {where}, and so do volumes; {caches}: they start empty"
    return f"{text}; volumes stay in use; {caches}"
