"""Turns `docker_in_docker` of a runner into the service, variables and volumes of config.toml. Pure.

Contradictions, and settings that would not work, are noted with their place. In a job they would only show as a daemon
that does not answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network
from typing import cast

from runnerops.inventory.hosts.bridge import bridge
from runnerops.inventory.hosts.wiring import Wiring
from runnerops.inventory.keys.checks import Refused
from runnerops.inventory.keys.endpoints import as_ip
from runnerops.inventory.keys.shape import DindShape
from runnerops.inventory.layers.drafts import RUNNERS, Draft
from runnerops.inventory.problems import Problems, dotted
from runnerops.model.common import Key, ServiceName, Tree
from runnerops.services.gitlab_runner.dind import CERTDIR, CERTS, Dind, service_names, variables_of, with_dind
from runnerops.services.shared.addresses import host_of

_POOLS = tuple(IPv4Network(f"10.{second}.0.0/16") for second in range(231, 255))


def fill_dind(host: Draft, sections: dict[ServiceName, Tree], wiring: Wiring, problems: Problems) -> None:
    """Gives the runners what their `docker_in_docker` asks for. Jobs pull through the mirrors of the host's daemon."""
    section = sections[ServiceName.GITLAB_RUNNER]
    shapes = (host.shape.gitlab_runner.runners if host.shape.gitlab_runner else None) or ()
    runners = cast("list[Tree]", section.get("runners", []))
    docker = sections.get(ServiceName.DOCKER, {})
    given_mirrors = docker.get("registry-mirrors", list(wiring.mirrors(host)))
    mirrors = [url for url in given_mirrors if isinstance(url, str)] if isinstance(given_mirrors, list) else []
    for index, shape in enumerate(shapes):
        if rendered := shape.docker_in_docker:
            mtu = _mtu(docker, runners[index])
            filler = _Filler(host, index, rendered, problems, mtu)
            runners[index] = filler.fill(runners[index], mirrors, wiring.urls())


def _mtu(docker: Tree, runner: Tree) -> int:
    """The smaller mtu of the host's daemon and of the networks that the runner makes for single jobs; 0: the default."""
    table = runner.get("docker")
    values = (docker.get("mtu"), table.get("network_mtu") if isinstance(table, dict) else None)
    return min((value for value in values if isinstance(value, int) and value > 0), default=0)


def pool_beside(urls: Sequence[str], networks: Sequence[IPv4Network] = ()) -> str:
    """The first of our pools that contains none of these URLs' addresses and overlaps none of the networks."""
    used = {_first_half(address) for url in urls if (address := _ipv4(url))}
    free = (pool for pool in _POOLS if _first_half(pool.network_address) not in used)
    return str(next((pool for pool in free if not any(map(pool.overlaps, networks))), _POOLS[-1]))


def _first_half(address: IPv4Address) -> int:
    """The part of an address that distinguishes our pools."""
    return int(address) >> 16


class _Filler:
    """Fills in one runner. If there is a problem, it is noted and the runner is not changed."""

    def __init__(self, host: Draft, index: int, rendered: DindShape, problems: Problems, mtu: int) -> None:
        self._host = host
        self._mtu = mtu
        self._key: Key = (*RUNNERS, index)
        self._asked = rendered
        self._problems = problems

    def fill(self, runner: Tree, mirrors: Sequence[str], caches: Sequence[str]) -> Tree:
        before = len(self._problems.noted)
        self._check_executor(runner)
        tls, certs = self._tls(variables_of(runner))
        has_mirrors = any(word.partition("=")[0] == "--registry-mirror" for word in self._asked.command or ())
        defaults = Dind((), "")
        dind = Dind(
            mirrors=() if has_mirrors else tuple(self._reachable(mirrors)),
            pool=self._pool(tuple(dict.fromkeys((*mirrors, *caches)))),
            image=self._asked.image or defaults.image,
            alias=self._asked.alias or defaults.alias,
            tls=tls,
            certs=certs,
            mtu=self._mtu,
            command=tuple(self._asked.command or ()),
        )
        if dind.alias in service_names(runner):
            text = f"the runner has a service called {dind.alias!r} already"
            self._note(("docker", "services"), text, "take that service out, or give this one another `alias`")
        return with_dind(runner, dind) if len(self._problems.noted) == before else runner

    def _check_executor(self, runner: Tree) -> None:
        executor, docker = runner.get("executor"), runner.get("docker")
        table = docker if isinstance(docker, dict) else {}
        if executor != "docker":
            text = f"docker_in_docker needs the docker executor, and this runner has {executor!r}"
            self._note(
                ("executor",), text, "write `executor: docker`; `runnerops dind` prints what a job can set itself"
            )
        elif table.get("services_privileged", table.get("privileged")) is not True:
            text = "docker_in_docker needs a privileged runner: otherwise its daemon does not start"
            self._note(
                ("docker", "privileged"), text, "write `docker: {privileged: true}`, on a runner of trusted projects"
            )

    def _tls(self, variables: dict[str, str]) -> tuple[bool, str]:
        """Whether to use TLS, and where the certificates are. A variable of the user decides both."""
        directory = variables.get(CERTDIR)
        tls = self._asked.tls if self._asked.tls is not None else bool(directory)
        if directory is not None and tls != bool(directory):
            state = "with" if directory else "without"
            text = f"sets {CERTDIR} so that the daemon runs {state} TLS, and docker_in_docker.tls says otherwise"
            self._note(
                ("environment",), text, f"take {CERTDIR} out of `environment`, or `tls` out of `docker_in_docker`"
            )
        return tls, (directory or CERTS).rstrip("/")

    def _reachable(self, mirrors: Sequence[str]) -> Iterator[str]:
        for url in mirrors:
            host = host_of(url)
            address = as_ip(host)
            if host == "localhost" or (address and address.is_loopback):
                text = f"a job's containers cannot reach the mirror {url}: in a container, this address is the container itself"
                hint = "let the cache listen on the docker bridge (leave `listen` out), or on an address of the host"
                self._note(("docker_in_docker",), text, hint)
            yield url

    def _pool(self, urls: Sequence[str]) -> str:
        """The given pool, or else the first that contains no cache and overlaps no Docker network of the host."""
        if given_pool := self._asked.pool:
            network = IPv4Network(given_pool)
            for url in urls:
                if (address := _ipv4(url)) and address in network:
                    text = f"holds {url}: networks of a job could take that address, and pulls would bypass the cache"
                    self._note(("docker_in_docker", "pool"), text, "use a network that nothing else uses")
            return given_pool
        own_url = f"//{self._host.shape.address or self._host.name}"
        return pool_beside((*urls, own_url), self._docker_networks())

    def _docker_networks(self) -> Sequence[IPv4Network]:
        section = self._host.shape.docker
        try:
            return bridge(section.other_keys if section else {}).networks
        except Refused:
            return ()  # reported by the check of this key

    def _note(self, key: Key, text: str, hint: str) -> None:
        place = (*self._key, *key)
        self._problems.add(self._host.location(*place), dotted(("hosts", self._host.name, *place)), text, hint)


@lru_cache(maxsize=4096)  # each host asks for the caches of all hosts
def _ipv4(url: str) -> IPv4Address | None:
    address = as_ip(host_of(url))
    return address if isinstance(address, IPv4Address) else None
