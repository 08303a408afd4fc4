"""What the message about an unknown key of config.toml says. Pure. Few files have one, so few load this."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from runnerops.model.common import Key
from runnerops.parsing.near import question, similar_names
from runnerops.services.docker.schema import FLAG_NAMES
from runnerops.services.docker.schema import KEYS as DAEMON_KEYS
from runnerops.services.gitlab_runner.rules.found import One, Severity
from runnerops.services.gitlab_runner.rules.names import MEANT, NEAR, SHORT, belongs, meant
from runnerops.services.gitlab_runner.schema import IN_GITLAB, NEWEST, TABLES
from runnerops.services.gitlab_runner.schema.feature_flags import FLAGS
from runnerops.services.gitlab_runner.schema.titles import INNER_TITLES, TITLES
from runnerops.services.gitlab_runner.version import Version

_EQUAL: Mapping[tuple[str, str], str] = {
    ("docker", "cpu_limit"): "cpus",
    ("docker", "cpu_request"): "cpu_shares",
    ("docker", "memory_limit"): "memory",
    ("docker", "memory_request"): "memory_reservation",
    ("docker", "service_cpu_limit"): "service_cpus",
    ("docker", "service_memory_limit"): "service_memory",
    ("kubernetes", "cpus"): "cpu_limit",
    ("kubernetes", "cpu_shares"): "cpu_request",
    ("kubernetes", "memory"): "memory_limit",
    ("kubernetes", "memory_reservation"): "memory_request",
    ("kubernetes", "service_cpus"): "service_cpu_limit",
    ("kubernetes", "service_memory"): "service_memory_limit",
    ("kubernetes", "extra_hosts"): "[[runners.kubernetes.host_aliases]]",
    ("kubernetes", "dns"): "[runners.kubernetes.dns_config] with nameservers",
    ("kubernetes", "runtime"): "runtime_class_name",
}
"""By table and key of another executor's table: what is the same here."""

_KINDS = ("docker", "kubernetes", "autoscaler", "machine", "ssh", "cache")
"""Tables whose keys are about one thing, together with those below them."""

_ALL_TITLES: Mapping[str, str] = {**TITLES, **INNER_TITLES}

_PROXIES = frozenset({"http_proxy", "https_proxy", "no_proxy"})

_SAID: Mapping[tuple[str, str], tuple[str, str]] = {
    ("runner", "tls-skip-verify"): (
        "the runner does not know it any more: it always verifies GitLab's certificate",
        "take it out, and name the certificate of your own authority in tls-ca-file",
    ),
    ("autoscaler", "name"): (
        "the runner ignores it here: it belongs to [runners.autoscaler.plugin_config]",
        "move it there",
    ),
    ("kubernetes", "resources"): (
        "the runner ignores it: each amount has a key of its own",
        'write for example cpu_request = "500m" and memory_limit = "2Gi"',
    ),
    ("runner", "timeout"): ("the runner ignores it: this is set in GitLab", "take it out, and set it in GitLab"),
    **{
        ("runner", name): (
            "the runner ignores it: `limit` is how many jobs this runner takes, `concurrent` how many all take together",
            "write limit here, or concurrent at the top of the file, before the first [table]",
        )
        for name in ("concurrency", "max_concurrent", "max_concurrency", "concurrent_jobs", "max_jobs")
    },
    ("docker", "env"): (
        "the runner ignores it here: it belongs to [[runners]], and is called environment",
        'write environment = ["NAME=VALUE"] there',
    ),
}
"""By table and key: message and fix."""

_FEW = 9
"""How many keys of a table a message names for an unknown one."""


def unknown(name: str, table: str, key: Key, version: Version, *, excerpt: bool) -> One:
    """A misspelt key, or one of another table, is an error. A runner newer than the tables may know other keys.

    An excerpt, which has no runner, may belong below a heading that it lacks.
    """
    severity: Severity = "warning" if version > NEWEST else "error"
    low = name.lower()
    if found_name := _named(name, low, table):
        return "R006", "warning" if excerpt and name in FLAGS else "error", key, *found_name
    intended = meant(name, table)
    other_tables = _other_tables(name, table)
    if intended and (not other_tables or _is_other_form(low, intended[0].lower())):
        return "R006", severity, key, f"unknown key, {question(intended)}", f"write {' or '.join(intended)}"
    if other_tables:
        text = f"the runner ignores it here: it belongs to {' or '.join(other_tables[:2])}"
        instead = _EQUAL.get((table, low))
        fix = f"write {instead}" if instead else "move it there"
        return "R006", "warning" if excerpt else severity, key, text, fix
    of_daemon = low.replace("_", "-")
    if "-" in of_daemon and (of_daemon in DAEMON_KEYS or of_daemon in FLAG_NAMES):
        text = "the runner ignores it: this is a key of Docker's daemon.json"
        return "R006", severity, key, text, "move it to that file; in the inventory, to the section `docker`"
    return "R006", "warning", key, "unknown key: the runner silently ignores it", _where_else(name, table)


def _other_tables(name: str, table: str) -> list[str]:
    """The titles of other tables that have this key. Those of another kind count only if there are no others."""
    tables = [other for other in TITLES if belongs(name, other)]
    same = [other for other in tables if not _kind(table) or _kind(other) in {"", _kind(table)}]
    inner = [other for other in INNER_TITLES if _kind(other) == _kind(table) and belongs(name, other)]
    return [_ALL_TITLES[other] for other in (*same, *inner) or tables]


@cache
def _kind(table: str) -> str:
    """Which of the kinds a table belongs to; empty if to none."""
    return next(
        (kind for kind in _KINDS if _ALL_TITLES.get(table, "").startswith((f"[runners.{kind}", f"[[runners.{kind}"))),
        "",
    )


def _named(name: str, low: str, table: str) -> tuple[str, str] | None:
    """Message and fix for a key of which it is known what is meant, although its name is not near."""
    if table in {"config", "runner", "docker", "kubernetes"} and low in IN_GITLAB:
        return "the runner ignores it: this is set in GitLab", "take it out, and set it in GitLab"
    if low == "runners" and table != "config":
        text = "the runner ignores it: this names a table again that is open already"
        return text, "write its heading instead, such as [runners.cache] or [[NAME]]"
    if explanation := _SAID.get((table, low)):
        return explanation
    if (flag := name if name in FLAGS else f"FF_{low.upper()}") in FLAGS:
        fix = "move it there" if flag == name else f"write {flag} there"
        return "the runner ignores it here: it belongs to [runners.feature_flags]", fix
    if intended := MEANT.get((table, low)):
        return f"unknown key, {question(intended)}", f"write {intended[0]}"
    proxy = "the runner ignores it: for jobs, a proxy is a variable", f'write environment = ["{low.upper()}=…"]'
    return proxy if low in _PROXIES else None


def _where_else(name: str, table: str) -> str:
    """What may help with an unknown key that is like none of its own table."""
    if table == "autoscaler":
        return "if it is a setting of the plugin, move it to [runners.autoscaler.plugin_config]"
    if len(TABLES[table]) <= _FEW:
        return f"the keys here are {', '.join(TABLES[table])}"
    for other_table, title in TITLES.items():
        if len(name) > SHORT and (similar := similar_names(name, TABLES[other_table], NEAR)):
            return f"if you mean {similar[0]}, move it to {title}"
    return "check whether it is in the right table"


def _is_other_form(low: str, own_name: str) -> bool:
    """Whether the key is one of its own table in another case, or as a plural, even if another table has it."""
    plain, other_form = (word.replace("_", "").replace("-", "") for word in (low, own_name))
    return sorted(plain) == sorted(other_form) or f"{plain}s" == other_form
