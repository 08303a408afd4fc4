"""Checks any Compose file against the schema of the specification, and its variables. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from runnerops.model.common import Key, Tree, Value, value_at, word_set
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.compose.dind import dind_rules
from runnerops.services.registry.rules.compose.fixes import as_scalar
from runnerops.services.registry.rules.compose.names import circles, references
from runnerops.services.registry.rules.compose.networks import address_rules, network_rules, shared_addresses
from runnerops.services.registry.rules.compose.pairs import pairs
from runnerops.services.registry.rules.compose.parts import REFUSED, items, mapping
from runnerops.services.registry.rules.compose.ports import shared_ports
from runnerops.services.registry.rules.compose.registry_service import is_registry, registry_service, shared_volumes
from runnerops.services.registry.rules.compose.scalars import scalars
from runnerops.services.registry.rules.compose.schema import schema_rules
from runnerops.services.registry.rules.compose.shared_network import shared_network
from runnerops.services.registry.rules.compose.unset import NOTHING, unset, variables_at
from runnerops.services.registry.rules.compose.values import service_values, top_values
from runnerops.services.registry.rules.compose.variables import wanted_variables
from runnerops.services.registry.rules.found import Found
from runnerops.services.registry.schema.compose import text_problems
from runnerops.services.registry.schema.compose_since import RECENT, keys_since, lacks, release_of

_SHORT = 3
"""A value of this many letters is no secret, and may occur by chance."""

_PASSED_ON = word_set("""
    cap_add cap_drop cpu_period cpu_quota devices ipc mem_swappiness pid platform sysctls tmpfs ulimits userns_mode uts
""")
"""The keys of a service that `docker_values` reads."""
_VARIABLE = late_pattern(r"\$(?:\$|[A-Za-z_]\w*|\{[A-Za-z_]\w*(?:(?::?[-?+]).*?)?\})", re.DOTALL)


def compose_rules(tree: Tree, set_values: Mapping[str, str] = NOTHING, version: str = "") -> Found:
    """Runs all rules on one file. `set_values`: the variables that are set, with their values if these are known.

    `version`: that of Compose; empty if it is not known.
    """
    findings = list(_rules(tree, tree, version))
    if lacks(version, "2.0.0"):
        from runnerops.services.registry.rules.compose.older import numbers_of_1

        findings += numbers_of_1(tree)
    refused = {key for rule, _, key, _, _ in findings if rule == "K001"}
    findings += [finding for finding in _newer(tree, version) if finding[2] not in refused]
    yield from findings
    yield from while_unset(tree, {(key, message) for _, _, key, message, _ in findings}, set_values, version)


def while_unset(
    tree: Tree, told_findings: Collection[tuple[Key, str]], set_values: Mapping[str, str] = NOTHING, version: str = ""
) -> Found:
    """Finds what is wrong with the file while its other variables are not set, except what `told_findings` has already."""
    bare = unset(tree, set_values)
    if bare is tree or not isinstance(bare, dict):
        return
    for _, severity, key, message, _ in _rules(bare, _other_than(tree, bare), version):
        place, names = variables_at(tree, key, set_values)
        if severity == "error" and names and (key, message) not in told_findings:
            them = "them" if len(names) > 1 else "it"
            bare_name = f"${{{names[0]}:" not in str(value_at(tree, place))
            alternative = f"write ${{{names[0]}:-DEFAULT}}" if bare_name else "write another default"
            fix = f"set {them} where Compose runs, or in .env beside the file, or {alternative}"
            yield "K006", "warning", place, f"{_by_names(message, set_values)} while {_not_set(names)}", fix


def _by_names(message: str, set_values: Mapping[str, str]) -> str:
    """Returns a message without the values of variables, because they may be secrets."""
    for name, value in set_values.items():
        if len(value) > _SHORT:
            message = message.replace(value, f"${{{name}}}")
    return message


def _other_than(tree: Tree, bare: Tree) -> Tree:
    """Returns what differs: services, networks and so on as a whole. What is wrong in the rest is told already."""
    changed: Tree = {}
    for section, value in bare.items():
        below = tree[section]
        if value is not below:
            former_items = mapping(below)
            inner = {name: item for name, item in mapping(value).items() if not _is_alike(item, former_items.get(name))}
            changed[section] = inner if isinstance(value, dict) else value
    return changed


def _is_alike(service: Value, former: Value) -> bool:
    """Whether two services differ at most in variables and labels, whose values may be any text but for a registry."""
    if service is former or not isinstance(service, dict) or not isinstance(former, dict) or is_registry(service):
        return service is former
    return all(
        part is former[name] or (name in {"environment", "labels"} and _has_names(former[name]))
        for name, part in service.items()
    )


def _has_names(value: Value) -> bool:
    """Whether no variable stands in a name: in a mapping, or in a list of NAME=VALUE."""
    return isinstance(value, dict) or all(
        "$" not in word or "=" in word.partition("$")[0] for word in map(str, items(value))
    )


def _rules(tree: Tree, judged: Tree, version: str) -> Found:
    """Runs all rules on `judged`, which is all or a part of the file."""
    if not tree.keys() - {"version"}:
        yield "K002", "error", (), f"is empty: {REFUSED}", "write services: and what is to run"
        return
    yield from schema_rules(judged, version)
    for place, wanted_type in text_problems(judged):
        yield "K002", "error", place, f"must be {wanted_type}: {REFUSED}", as_scalar(str(value_at(judged, place)))
    yield from scalars(judged)
    yield from _variables(judged, ())
    yield from top_values(judged)
    yield from network_rules(judged)
    services = {name: service for name, service in mapping(tree.get("services")).items() if isinstance(service, dict)}
    for name, service in services.items():
        if name not in mapping(judged.get("services")):
            continue
        key: Key = ("services", name)
        yield from service_values(service, key)
        yield from pairs(service, key)
        yield from address_rules(service, tree, key)
        yield from _passed_on(service, key)
        yield from dind_rules(service, key)
        yield from shared_network(service, key)
        if not tree.get("include"):  # another file may define what this one uses
            yield from references(service, tree, key)
        if is_registry(service):
            yield from registry_service(service, key)
    yield from circles(services)
    yield from shared_volumes(services)
    yield from shared_ports(services)
    yield from shared_addresses(services)


def _passed_on(service: Tree, key: Key) -> Found:
    """Checks the keys that Compose passes on as they are. Few services have any, so their rules are loaded late."""
    if not _PASSED_ON.isdisjoint(service):
        from runnerops.services.registry.rules.compose.docker_values import docker_values

        yield from docker_values(service, key)
    if service.get("logging"):
        from runnerops.services.registry.rules.compose.log_options import log_rules

        yield from log_rules(service, key)


def _newer(tree: Tree, version: str) -> Found:
    is_known = release_of(version) is not None
    for key, since in keys_since(tree):
        text = f"Compose before {since} does not know it, and refuses the file"
        if lacks(version, since):
            yield "K001", "error", key, text, f"take it out, or install a newer Compose: this host has {version}"
        elif not is_known and (release_of(since) or RECENT) > RECENT:
            yield "K001", "warning", key, text, "check whether the hosts have a newer one"


def _variables(value: Value, key: Key) -> Found:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _variables(item, (*key, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _variables(item, (*key, index))
    elif isinstance(value, str) and "$" in (text_left := _VARIABLE.sub("\0", value)):
        fix = "write `$$` for a dollar sign"
        if "${" in text_left:
            if "}" not in text_left[text_left.index("${") :]:
                fix = f"close its brace, or {fix}"
            yield "K003", "error", key, "this `${` does not begin a variable", fix
        else:
            yield (
                "K003",
                "warning",
                key,
                "this `$` does not begin a variable, which Compose up to 2.10 refuses",
                fix,
            )
    elif isinstance(value, str) and (names := wanted_variables(value)):
        text = f"Compose refuses the file while {_not_set(names)}"
        yield "K005", "warning", key, text, "set it in the environment of Compose, or in .env beside the file"


def _not_set(names: Collection[str]) -> str:
    return f"{' and '.join(names)} {'are' if len(names) > 1 else 'is'} not set"
