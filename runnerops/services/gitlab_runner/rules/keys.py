"""Compares the keys of config.toml with the tables: whether they exist, have the right type, and exist in the host's
version. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal, TypeAlias

from runnerops.model.common import Key, Tree, Value
from runnerops.parsing.near import near, question
from runnerops.services.docker.schema import FLAG_NAMES
from runnerops.services.docker.schema import KEYS as DAEMON_KEYS
from runnerops.services.gitlab_runner.rules.kinds import CHECKS, FIXES, ITEMS, PAIRS, WORDS
from runnerops.services.gitlab_runner.schema import IN_GITLAB, NEWEST, TABLES, TITLES, Known
from runnerops.services.gitlab_runner.schema.feature_flags import FLAGS
from runnerops.services.gitlab_runner.version import Version, version_of

Severity: TypeAlias = Literal["error", "warning", "info"]

Found: TypeAlias = "Iterator[tuple[str, Severity, Key, str, str]]"
"""Rule, severity, key, message, fix."""

_NEAR = 0.8
"""How similar a misspelt key is to a known one, of 1. A less similar one may be a key of a later release."""

_MEANT: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("docker", "network"): ("network_mode",),
    ("ssh", "hostname"): ("host",),
    ("cache", "gcp"): ("gcs",),
    ("runner", "registration_token"): ("token",),
    ("runner", "registration-token"): ("token",),
    ("config", "metrics_server"): ("listen_address",),
    ("s3", "bucket"): ("BucketName",),
    ("s3", "region"): ("BucketLocation",),
    ("s3", "endpoint"): ("ServerAddress",),
    ("k8s_host_path", "path"): ("host_path",),
}
"""By table and key: the name of an option elsewhere, and what the key is called here."""

_PROXIES = frozenset({"http_proxy", "https_proxy", "no_proxy"})

_FEW = 9
"""How many keys of a table a message names for an unknown one."""

_SHORT = 4
"""The number of letters of a short word."""


def since(release: str, version: Version) -> Severity | Literal[""]:
    """The severity of what the runner refuses from a release on; empty where the version is older."""
    if not version:
        return "warning"
    return "error" if version >= version_of(release) else ""


def check_table(table: str, tree: Tree, key: Key, version: Version) -> Found:
    """Checks keys and types of a table and those below it. The runner ignores the case of keys, and unknown keys."""
    keys = TABLES[table]
    excerpt = table == "config" and "runners" not in {name.lower() for name in tree}
    for name, value in tree.items():
        here: Key = (*key, name)
        if known := keys.get(name) or keys.get(_names(table).get(name.lower(), "")):
            yield from _timely(known, here, version)
            yield from _read(known, version, _value(known.kind, value, here, version))
        else:
            yield _unknown(name, table, here, version, excerpt=excerpt)


def by_table(table: str, tree: Tree) -> Tree:
    """The same tree with keys as the tables write them, so that rules can find them."""
    keys = TABLES.get(table, {})
    found: Tree = {}
    for name, value in tree.items():
        real = name if name in keys else _names(table).get(name.lower(), name)
        kind, _, inner = (keys[real].kind if real in keys else "").partition(" ")
        if kind == "table" and isinstance(value, dict):
            found[real] = by_table(inner, value)
        elif kind == "[table" and isinstance(value, list):
            found[real] = [by_table(inner[:-1], one) if isinstance(one, dict) else one for one in value]
        else:
            found[real] = value
    return found


@cache
def _names(table: str) -> Mapping[str, str]:
    """The keys of a table by their names in small letters."""
    return {name.lower(): name for name in TABLES.get(table, {})}


def _unknown(
    name: str, table: str, key: Key, version: Version, *, excerpt: bool
) -> tuple[str, Severity, Key, str, str]:
    """A misspelt key, or one of another table, is an error. A runner newer than the tables may know other keys.

    An excerpt, which has no runner, may belong below a heading that it lacks.
    """
    severity: Severity = "warning" if version > NEWEST else "error"
    low = name.lower()
    if named := _named(name, low, table):
        return "R006", "warning" if excerpt and name in FLAGS else "error", key, *named
    own = near(name, TABLES[table], _NEAR)
    others = [title for other, title in TITLES.items() if _belongs(name, other)]
    if own and (not others or _is_other_form(low, own[0].lower())):
        return "R006", severity, key, f"unknown key, {question(own)}", f"write {' or '.join(own)}"
    if others:
        text = f"the runner ignores it here: it belongs to {' or '.join(others[:2])}"
        return "R006", "warning" if excerpt else severity, key, text, "move it there"
    of_daemon = low.replace("_", "-")
    if "-" in of_daemon and (of_daemon in DAEMON_KEYS or of_daemon in FLAG_NAMES):
        text = "the runner ignores it: this is a key of Docker's daemon.json"
        return "R006", severity, key, text, "move it to that file; in the inventory, to the section `docker`"
    return "R006", "warning", key, "unknown key: the runner silently ignores it", _where_else(name, table)


def _named(name: str, low: str, table: str) -> tuple[str, str] | None:
    """Message and fix for a key of which it is known what is meant, although its name is not near."""
    if table == "runner" and low in IN_GITLAB:
        return "the runner ignores it: this is set in GitLab", "take it out, and set it in GitLab"
    if low == "runners" and table != "config":
        text = "the runner ignores it: this names a table again that is open already"
        return text, "write its heading instead, such as [runners.cache] or [[NAME]]"
    if low in _PROXIES:
        return "the runner ignores it: for jobs, a proxy is a variable", f'write environment = ["{low.upper()}=…"]'
    if name in FLAGS:
        return "the runner ignores it here: it belongs to [runners.feature_flags]", "move it there"
    if meant := _MEANT.get((table, low)):
        return f"unknown key, {question(meant)}", f"write {meant[0]}"
    return None


def _where_else(name: str, table: str) -> str:
    """What may help with an unknown key that is like none of its own table."""
    if len(TABLES[table]) <= _FEW:
        return f"the keys here are {', '.join(TABLES[table])}"
    for other, title in TITLES.items():
        if len(name) > _SHORT and (found := near(name, TABLES[other], _NEAR)):
            return f"if you mean {found[0]}, move it to {title}"
    return "check whether it is in the right table"


def _belongs(name: str, table: str) -> bool:
    """Whether the key belongs to another table. For a short word, another case does not count: `path` is not `Path`."""
    return name in TABLES[table] or (len(name) > _SHORT and name.lower() in _names(table))


def _is_other_form(low: str, own: str) -> bool:
    """Whether the key is one of its own table in another case, or as a plural, even if another table has it."""
    plain, known = (word.replace("_", "").replace("-", "") for word in (low, own))
    return sorted(plain) == sorted(known) or f"{plain}s" == known


_SUCCESSORS = {
    "pre_clone_script": "pre_get_sources_script",
    "post_clone_script": "post_get_sources_script",
}


def _timely(known: Known, key: Key, version: Version) -> Found:
    if version and version < version_of(known.since):
        message = f"this host's runner does not know it before {known.since}"
        yield "R007", "warning", key, message, "upgrade gitlab-runner there"
    if known.until and (not version or version >= version_of(known.until)):
        message = f"the runner does not know it any more since {known.until}, and ignores it"
        later = _SUCCESSORS.get(str(key[-1]).lower(), "its successor")
        yield "R007", "warning", key, message, f"take it out, or write {later}"


def _read(known: Known, version: Version, found: Found) -> Found:
    """The findings on the value of a key, unless the runner does not read the key. It may not if `until` is given."""
    if version and (version < version_of(known.since) or (known.until and version >= version_of(known.until))):
        return
    for rule, severity, key, text, fix in found:
        if known.until and not version:
            yield rule, "warning", key, f"{text} (before {known.until})", fix
        else:
            yield rule, severity, key, text, fix


def _value(kind: str, value: Value, key: Key, version: Version) -> Found:
    word, _, table = kind.partition(" ")
    if word == "[table":
        if isinstance(value, dict):
            yield _alone(value, key)
            yield from _value(f"table {table[:-1]}", value, key, version)
            return
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            rule, severity, _, text, _ = _wrong(key, "[table]")
            yield rule, severity, key, text, f"write [[{_heading(key)}]] once for each, with its keys below"
            return
        for index, item in enumerate(value):
            yield from _value(f"table {table[:-1]}", item, (*key, index), version)
    elif word == "duration" and isinstance(value, int) and not isinstance(value, bool):
        if value:
            yield (
                "R010",
                "warning",
                key,
                "a number without a unit means nanoseconds",
                'write a duration in quotes, like "15m"',
            )
    elif word in PAIRS and not isinstance(value, dict):
        text = f"must be {WORDS[word]}: the runner silently ignores anything else"
        yield "R008", "warning", key, text, f"write a [table] with the keys and values of {key[-1]}"
    elif not (word == "table" and isinstance(value, dict)):
        yield from _plain(word, value, key)
    else:
        yield from check_table(table, value, key, version)


def _plain(word: str, value: Value, key: Key) -> Found:
    """Checks each item of a list, or of a table with the user's own names, at its own place."""
    if word in ITEMS and isinstance(value, dict | list) and isinstance(value, list) is word.startswith("["):
        for part, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _plain(ITEMS[word], item, (*key, part))
    elif not CHECKS[word](value):
        yield _wrong(key, word, value)


def _wrong(key: Key, word: str, value: Value = None) -> tuple[str, Severity, Key, str, str]:
    if word == "str" and isinstance(value, dict):
        return _no_table(key, value)
    if key[-1] == "shm_size":
        return (
            "R008",
            "error",
            key,
            f"must be {WORDS[word]}: the runner refuses the whole file",
            "write the number of bytes",
        )
    fix = FIXES[word]
    if word == "str" and isinstance(value, bool | int | float):
        fix = f'put it in quotes: "{str(value).lower() if isinstance(value, bool) else value}"'
    elif word == "str" and isinstance(value, list):
        fix = 'write one text; one of several lines has """ on both sides'
    elif word == "table" and isinstance(value, list):
        fix = f"write [{_heading(key)}], with one bracket at each side"
    elif word == "[str]" and isinstance(value, str) and value:
        fix = f'write ["{value}"]'
    return "R008", "error", key, f"must be {WORDS[word]}: the runner refuses the whole file", fix


def _heading(key: Key) -> str:
    return ".".join(part for part in key if isinstance(part, str))


def _no_table(key: Key, value: Tree) -> tuple[str, Severity, Key, str, str]:
    """A table in the place of a text: by a heading, or by the dots of a key without quotes."""
    below: Value = value
    name = str(key[-1])
    while isinstance(below, dict) and len(below) == 1:
        part, below = next(iter(below.items()))
        name += f".{part}"
    if value and not isinstance(below, dict):
        text = "is a table, because its key has dots and no quotes: the runner refuses the whole file"
        return "R008", "error", key, text, f'write "{name}" = …'
    text = "must be text, and no table: the runner refuses the whole file"
    return "R008", "error", key, text, f'write {key[-1]} = "…", or take the table out'


def _alone(value: Tree, key: Key) -> tuple[str, Severity, Key, str, str]:
    """A table instead of a list of tables. If it contains only tables, a heading is probably missing."""
    name = _heading(key)
    below = next(iter(value), "")
    if below and all(isinstance(item, dict | list) for item in value.values()):
        text = f"there is no [[{name}]] above [{name}.{below}]: the runner refuses the whole file"
        return "R008", "error", key, text, f"write a line [[{name}]] above it"
    text = f"must be a list of tables: the runner refuses the whole file; is its heading [{name}]?"
    return "R008", "error", key, text, f"write [[{name}]], with two brackets at each side"
