"""Finds what a cache ignores, refuses or does not start with. Pure. Each rule is a function.

The registry accepts any key silently, so a misspelt one has no effect. It ends at its start for what it cannot decode.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runnerops.memo import remembered
from runnerops.model.common import Key, Tree
from runnerops.model.facts import Facts
from runnerops.model.inventory import FileSpec
from runnerops.model.plan import Finding
from runnerops.services.registry.caches import CONFIG_LABEL
from runnerops.services.registry.caches.image import major
from runnerops.services.registry.format import COMPOSE_TEMPLATE, CONFIG_TEMPLATE
from runnerops.services.registry.rules.compose import compose_rules
from runnerops.services.registry.rules.config import config_rules
from runnerops.services.registry.rules.config.placeholders import placeholder_rules
from runnerops.services.registry.rules.found import Found, One, Severity
from runnerops.services.registry.rules.near import near_keys
from runnerops.services.registry.rules.reach import reach_rules


def lint(files: Mapping[FileSpec, Tree], facts: Facts | None) -> Iterable[Finding]:
    """Runs all rules on each config and on the Compose file."""
    services = _services_of(files)
    for spec, tree in files.items():
        if _is_manifest(tree):
            text = "this is a manifest of Kubernetes: none of its keys is read"
            fix = "check the file that it holds or describes"
            yield Finding(
                "C001" if spec.template == CONFIG_TEMPLATE else "K001", "error", spec.path, ("kind",), text, fix
            )
        elif spec.template == CONFIG_TEMPLATE:
            service = services.get(spec.name, {})
            image = str(service.get("image") or "")
            for findings in (
                _upstream_named(spec, tree),
                _of_config(tree, major(image) or _assumed(facts)),
                _upstream(spec, facts),
                reach_rules(tree, service),
                placeholder_rules(tree),
            ):
                yield from (_finding(spec, finding) for finding in findings)
        elif spec.template == COMPOSE_TEMPLATE:
            has_configs = any(file_spec.template == CONFIG_TEMPLATE for file_spec in files)
            if tree or not has_configs:
                yield from (_finding(spec, finding) for finding in _of_compose(tree, _compose(facts)))
            if has_configs:
                yield from (_finding(spec, finding) for finding in _services(tree))


@remembered
def _of_config(tree: Tree, version: int | None) -> tuple[One, ...]:
    return (*config_rules(tree, version), *_ttl(tree, version))


@remembered
def _of_compose(tree: Tree, version: str) -> tuple[One, ...]:
    return tuple(compose_rules(tree, version=version))


def _is_manifest(tree: Tree) -> bool:
    return {"apiVersion", "kind"} <= tree.keys() and not tree.keys() & {"version", "storage", "services"}


def _finding(spec: FileSpec, finding: tuple[str, Severity, Key, str, str]) -> Finding:
    rule, severity, key, message, fix = finding
    return Finding(rule, severity, spec.path, key, f"cache {spec.name}: {message}" if spec.name else message, fix)


def _services_of(files: Mapping[FileSpec, Tree]) -> Mapping[str, Tree]:
    compose = next((tree for spec, tree in files.items() if spec.template == COMPOSE_TEMPLATE), {})
    services = compose.get("services")
    pairs = services.items() if isinstance(services, dict) else ()
    return {name: service for name, service in pairs if isinstance(service, dict)}


def _upstream_named(spec: FileSpec, tree: Tree) -> Found:
    """A registry without a proxy is an ordinary one, to which anybody can push. A cache must have a proxy."""
    proxy = tree.get("proxy")
    if isinstance(proxy, dict) and proxy.get("remoteurl"):
        return
    if spec.name:
        yield (
            "C002",
            "error",
            ("proxy", "remoteurl"),
            "has no upstream, so it would be a registry and not a cache",
            "give it one",
        )
    elif not _is_misspelt(tree):
        yield "C002", "info", ("proxy", "remoteurl"), "has no upstream: this is a registry, not a cache", ""


def _is_misspelt(tree: Tree) -> bool:
    """Whether the upstream is probably there, under a wrong name or in a wrong form, as another rule reports."""
    proxy = tree.get("proxy")
    if isinstance(proxy, dict):
        return any(near_keys(name, _OF_PROXY) == ("remoteurl",) for name in proxy if name not in _OF_PROXY)
    return proxy is not None or any(near_keys(name, ("proxy",)) for name in tree if name != "proxy")


_OF_PROXY = ("remoteurl", "username", "password", "ttl", "exec", "cachewritetimeout")


def _assumed(facts: Facts | None) -> int | None:
    """Returns the major version that the inventory gives; None if it gives none."""
    text = facts.registry.version.partition(".")[0] if facts and facts.registry else ""
    return int(text) if text.isdecimal() else None


def _compose(facts: Facts | None) -> str:
    return facts.registry.compose_version if facts and facts.registry else ""


def _ttl(tree: Tree, version: int | None) -> Found:
    proxy = tree.get("proxy")
    if isinstance(proxy, dict) and proxy.get("ttl") is not None and version == 2:
        fix = "use the image registry:3, or take `ttl` out"
        yield "C004", "warning", ("proxy", "ttl"), "registry 2 ignores it: everything expires after 7 days", fix


def _upstream(spec: FileSpec, facts: Facts | None) -> Found:
    registry = facts.registry if facts else None
    if registry and registry.upstreams.get(spec.name) is False:
        text = "its upstream does not answer from this host: a registry does not start without it"
        yield "C005", "warning", ("proxy", "remoteurl"), text, "check the address, and the way from the host to it"


def _services(tree: Tree) -> Found:
    services = tree.get("services")
    if not isinstance(services, dict) or not services:
        yield "C006", "error", ("services",), "has no services", "give it one for each of `caches`"
        return
    for name, service in services.items():
        labels = service.get("labels") if isinstance(service, dict) else None
        if not any(
            str(label).startswith(CONFIG_LABEL) for label in (labels if isinstance(labels, dict | list) else ())
        ):
            fix = f"add the label {CONFIG_LABEL}: {{{{ cache.config_sha256 }}}}"
            message = "has no label with the checksum of its config, so it is recreated by force for every change of the config"
            yield "C007", "warning", ("services", name, "labels"), message, fix
