"""What dockerd would refuse, or not start with, in its daemon.json. Pure. Each rule is a function.

dockerd refuses the whole file for one wrong key. At a reload it only logs the error, and then it does not start the
next time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runnerops.memo import remembered
from runnerops.model.common import Tree
from runnerops.model.facts import Facts
from runnerops.model.inventory import FileSpec
from runnerops.model.plan import Finding
from runnerops.services.docker.rules.mirrors import mirrors
from runnerops.services.docker.rules.names import known_keys
from runnerops.services.docker.rules.nulls import nulls, without_nulls
from runnerops.services.docker.rules.proxied import proxied
from runnerops.services.docker.rules.types import options, typed
from runnerops.services.docker.rules.values import values
from runnerops.services.docker.schema import key_of_flag
from runnerops.services.docker.schema.nested import Found, One, Severity, nested
from runnerops.services.shared.versions import Version, version_of


def lint(files: Mapping[FileSpec, Tree], facts: Facts | None) -> Iterable[Finding]:
    """Runs all rules on each file. A finding that depends on dockerd's version is a warning until the
    version is known.
    """
    for spec, written in files.items():
        tree = without_nulls(written)
        findings = [*_of_version(tree, _version(facts))]
        findings += [finding for rule in (mirrors, _flag_of_unit, _swarm) for finding in rule(tree, facts)]
        reported = {key for _, _, key, _, _ in findings}
        findings += [finding for finding in nulls(written) if finding[2] not in reported]
        for name, severity, key, message, fix in findings:
            yield Finding(name, severity, spec.path, key, message, fix)


@remembered
def _of_version(tree: Tree, version: Version | None) -> tuple[One, ...]:
    of_keys = (*known_keys(tree, version), *typed(tree, version), *options(tree))
    return (*of_keys, *nested(tree), *values(tree, version), *proxied(tree))


def _version(facts: Facts | None) -> Version | None:
    return version_of(facts.docker.version) if facts and facts.docker else None


def _flag_of_unit(tree: Tree, facts: Facts | None) -> Found:
    """The packaged unit starts dockerd with `-H fd://`. dockerd does not start if a key is given as a flag too."""
    docker = facts.docker if facts else None
    is_known = docker is not None and bool(docker.unit.argv)
    flags = {key_of_flag(word) for word in docker.unit.argv[1:]} if docker and is_known else {"hosts"}
    hosts = tree.get("hosts")
    windows = isinstance(hosts, list) and any(str(host).startswith("npipe:") for host in hosts)
    if "hosts" in tree and "hosts" in flags and not windows:
        fix = "take it out, or give the unit a drop-in whose ExecStart has no -H"
        severity: Severity = "error" if is_known else "warning"
        text = "docker's unit sets it as a flag too (-H), so dockerd would not start"
        unknown = "dockerd does not start if docker's unit sets it as a flag too (-H), as the packaged unit does"
        yield "D007", severity, ("hosts",), text if is_known else unknown, fix


def _swarm(tree: Tree, facts: Facts | None) -> Found:
    if tree.get("live-restore") is True and facts and facts.docker and facts.docker.swarm:
        fix = "set `live-restore: false` for this host"
        yield (
            "D011",
            "error",
            ("live-restore",),
            "it cannot be combined with swarm mode, which is active on this host",
            fix,
        )
