"""Values of `[runners.kubernetes]` with which Kubernetes refuses the pods of jobs. Pure.

Source: `executors/kubernetes` of gitlab-runner, which passes them on unchanged, and `pkg/apis/core/validation` of
Kubernetes.
"""

from __future__ import annotations

import re

from runnerops.model.common import Key, Tree
from runnerops.parsing.near import near_fix
from runnerops.patterns import late_pattern
from runnerops.services.gitlab_runner.rules.found import Found, Severity
from runnerops.services.gitlab_runner.rules.images import images
from runnerops.services.gitlab_runner.rules.names import meant_keys
from runnerops.services.gitlab_runner.rules.tokens import is_excerpt
from runnerops.services.gitlab_runner.rules.walk import is_open, table_of, tables, texts
from runnerops.services.gitlab_runner.schema import TABLES
from runnerops.services.shared.addresses import is_address
from runnerops.services.shared.limits import CAPABILITIES

_JOBS = "every job would fail"
_LABEL = late_pattern(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_MOST = 100
"""The highest weight."""

_LISTS = ("label_selector", "namespace_selector")
"""Tables whose expressions do not compare numbers."""


def pods(runner: Tree, key: Key) -> Found:
    """Checks `[runners.kubernetes]` of the runner at `key`, and the tables below it."""
    kubernetes, place = table_of(runner, "kubernetes"), (*key, "kubernetes")
    severity: Severity = "warning" if is_excerpt(runner) else "error"  # manuals have examples with other names
    if kubernetes.get("host") and kubernetes.get("cert_file"):
        lacks = [name for name in ("key_file", "ca_file") if name not in meant_keys("kubernetes", kubernetes)]
        if lacks:
            text = f"is not enough without {' and '.join(lacks)}: {_JOBS}"
            yield "R011", "error", (*place, "cert_file"), text, f"add {' and '.join(lacks)}"
    if kubernetes.get("dns_policy") == "none" and not table_of(kubernetes, "dns_config").get("nameservers"):
        text = f"needs nameservers in [runners.kubernetes.dns_config]: {_JOBS}"
        yield "R011", "error", (*place, "dns_policy"), text, "add them there"
    namespace = kubernetes.get("namespace")
    if isinstance(namespace, str) and namespace:
        yield from _name(namespace, (*place, "namespace"), severity)
    yield from images(kubernetes, place)
    yield from _volumes(kubernetes, place, severity)
    for table, tree, where in tables("kubernetes", kubernetes, place):
        yield from _below(table, tree, where)


def _name(text: str, key: Key, severity: Severity) -> Found:
    if not is_open(text) and not _LABEL.fullmatch(text):
        intended = re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")
        fix = f"write {intended}" if _LABEL.fullmatch(intended) else "write another"
        yield "R022", severity, key, f"must be small letters, digits and hyphens, at most 63: {_JOBS}", fix


def _volumes(kubernetes: Tree, key: Key, severity: Severity) -> Found:
    for kind, entries in table_of(kubernetes, "volumes").items():
        known = TABLES["k8s_volumes"].get(kind)
        for index, volume in enumerate(entries if known and kind != "nfs" and isinstance(entries, list) else ()):
            if not known or not isinstance(volume, dict):
                continue
            place: Key = (*key, "volumes", kind, index)
            written = meant_keys(known.kind.partition(" ")[2].rstrip("]"), volume)
            if lacks := [name for name in ("name", "mount_path") if name not in written or volume.get(name) == ""]:
                text = f"has no {' and no '.join(lacks)}: {_JOBS}"
                yield "R011", severity, place, text, f"add {' and '.join(lacks)}"
            if isinstance(name := volume.get("name"), str) and name:
                yield from _name(name, (*place, "name"), severity)


def _below(table: str, tree: Tree, key: Key) -> Found:
    """Checks one of the tables at any depth."""
    if table in {"preferred_term", "weighted_term"}:
        weight = tree.get("weight", 0)
        if "weight" not in meant_keys(table, tree) or (isinstance(weight, int) and not 1 <= weight <= _MOST):
            place = (*key, "weight") if "weight" in tree else key
            yield (
                "R022",
                "error",
                place,
                f"must have a weight from 1 to {_MOST}: {_JOBS}",
                "write for example weight = 1",
            )
    elif table == "pod_affinity_term" and "topology_key" not in meant_keys(table, tree):
        text = f"has no topology_key: {_JOBS}"
        yield "R011", "error", key, text, 'add for example topology_key = "kubernetes.io/hostname"'
    elif table == "requirement" and tree.get("operator") in ("Gt", "Lt") and any(name in key for name in _LISTS):
        text = f"must be one of In, NotIn, Exists, DoesNotExist for labels: {_JOBS}"
        yield "R012", "error", (*key, "operator"), text, "write one of them"
    elif table == "host_alias":
        address = tree.get("ip")
        if isinstance(address, str) and address and not is_open(address) and not is_address(address):
            yield "R022", "error", (*key, "ip"), f"must be an IP address: {_JOBS}", "write for example 192.0.2.7"
    elif table == "dns_config":
        for index, server in texts(tree.get("nameservers")):
            if not is_open(server) and not is_address(server):
                text = f"must be an IP address: {_JOBS}"
                yield "R022", "error", (*key, "nameservers", index), text, "write an address such as 192.0.2.53"
    elif table == "kubernetes":
        for name in ("cap_add", "cap_drop"):
            yield from _capabilities(tree, name, key)


def _capabilities(kubernetes: Tree, name: str, key: Key) -> Found:
    """Some runtimes refuse an unknown one, and others ignore it."""
    for index, word in texts(kubernetes.get(name)):
        plain = word.upper().removeprefix("CAP_")
        if plain not in CAPABILITIES and plain != "ALL" and not is_open(word):
            text = f"{word!r} is no capability of Linux: it is ignored, or {_JOBS}"
            yield "R012", "warning", (*key, name, index), text, near_fix(plain, CAPABILITIES)
