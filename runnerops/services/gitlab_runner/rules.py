"""What gitlab-runner would ignore, be cut off by, or die of, in its config.toml. Pure. One function a rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Literal
from urllib.parse import urlsplit

from runnerops.model import Facts, FileSpec, Finding, Key, Tree, Value
from runnerops.services.gitlab_runner.document import runners_of
from runnerops.services.gitlab_runner.keys import EXECUTORS, TABLES

Found = Iterator[tuple[str, Literal["error", "warning"], Key, str, str]]
"""Rule, severity, key, message, fix."""

_WORDS = {"str": "text", "int": "a whole number", "bool": "true or false", "time": "a time", "float": "a number"}
_SHORTEST_TOKEN = 14
_DURATION = re.compile(r"([0-9.]+(ns|us|µs|ms|s|m|h))+")


def lint(files: Mapping[FileSpec, Tree], facts: Facts | None) -> Iterable[Finding]:
    """All rules on each file."""
    version = _version(facts.runner.version if facts and facts.runner else "")
    for spec, tree in files.items():
        for rule in (_concurrent, _tokens, _executors, _urls, _twice):
            for name, severity, key, message, fix in rule(tree):
                yield Finding(name, severity, spec.path, key, message, fix)
        for name, severity, key, message, fix in _table("config", tree, (), version):
            yield Finding(name, severity, spec.path, key, message, fix)


def _version(text: str) -> tuple[int, ...]:
    found = re.match(r"v?(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else ()


def _concurrent(tree: Tree) -> Found:
    """Zero or less ends the process on hot reload too, and every running job with it."""
    value = tree.get("concurrent", 1)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        message = "must be a positive whole number: the runner exits on anything else, and its jobs with it"
        yield "R001", "error", ("concurrent",), message, "write 1 or more"


def _tokens(tree: Tree) -> Found:
    for index, runner in enumerate(runners_of(tree)):
        if "token" not in runner:
            continue
        problem = token_problem(runner["token"])
        if problem:
            fix = "leave the key out to keep the token that the host has, or give the token that GitLab showed"
            yield "R002", "error", ("runners", index, "token"), f"the token {problem}", fix


def token_problem(token: Value) -> str:
    """What is wrong with a token, without the token; empty where nothing is."""
    if not isinstance(token, str):
        return "is no text"
    if not token.strip():
        return "is empty: the runner would never get a job"
    if any(char.isspace() for char in token):
        return "holds white space or a line break"
    if token.startswith("glrt-") and len(token) < _SHORTEST_TOKEN:
        return f"is shorter than {_SHORTEST_TOKEN} characters: older runners crash on it, with all their jobs"
    if token.startswith("glrtr-"):
        return "is a registration token: it cannot stand in config.toml"
    return ""


def _executors(tree: Tree) -> Found:
    for index, runner in enumerate(runners_of(tree)):
        key: Key = ("runners", index, "executor")
        value = runner.get("executor")
        if value in EXECUTORS:
            continue
        near = get_close_matches(str(value), EXECUTORS, 1)
        fix = f"the executors are {', '.join(EXECUTORS)}"
        if value in (None, ""):
            yield "R003", "error", key, "is missing", fix
        else:
            hint = f", did you mean '{near[0]}'?" if near else ""
            yield "R003", "error", key, f"unknown executor {value!r}{hint}", fix


def _urls(tree: Tree) -> Found:
    for index, runner in enumerate(runners_of(tree)):
        value = runner.get("url")
        parts = urlsplit(value) if isinstance(value, str) else None
        if parts is None or parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
            fix = "write GitLab's address: https://gitlab.example.com"
            yield "R004", "error", ("runners", index, "url"), "must be an http or https address", fix


def _twice(tree: Tree) -> Found:
    seen: dict[Value, int] = {}
    for index, runner in enumerate(runners_of(tree)):
        token = runner.get("token")
        if isinstance(token, str) and token and token in seen:
            message = f"the same token as runners[{seen[token]}]: both take jobs as one runner"
            yield "R005", "warning", ("runners", index, "token"), message, "give each its own"
        elif isinstance(token, str):
            seen[token] = index


def _table(table: str, tree: Tree, key: Key, version: tuple[int, ...]) -> Found:
    """Keys and types of a table and those below it. The runner itself ignores what it does not know, in silence."""
    known = TABLES[table]
    for name, value in tree.items():
        here: Key = (*key, name)
        if name not in known:
            near = get_close_matches(name, known, 1)
            if near:
                yield "R006", "error", here, f"unknown key, did you mean '{near[0]}'?", f"write {near[0]}"
            else:
                yield (
                    "R006",
                    "warning",
                    here,
                    "unknown key: the runner ignores it in silence",
                    "see whether it stands in the right table",
                )
            continue
        kind, since = known[name]
        if version and since and version < _version(since):
            yield (
                "R007",
                "warning",
                here,
                f"this host's runner does not know it before {since}",
                "upgrade gitlab-runner there",
            )
        yield from _value(kind, value, here, version)


def _value(kind: str, value: Value, key: Key, version: tuple[int, ...]) -> Found:
    if kind.startswith("table "):
        if isinstance(value, dict):
            yield from _table(kind.removeprefix("table "), value, key, version)
        else:
            yield _wrong(key, "a table")
    elif kind.startswith("[table "):
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            yield _wrong(key, "a list of tables")
            return
        for index, item in enumerate(value):
            assert isinstance(item, dict)
            yield from _table(kind[len("[table ") : -1], item, (*key, index), version)
    else:
        problem = _CHECKS[kind](value)
        if problem:
            yield _wrong(key, problem)


def _wrong(key: Key, what: str) -> tuple[str, Literal["error", "warning"], Key, str, str]:
    return "R008", "error", key, f"must be {what}: the runner would refuse the whole file", "mend the type; quote text"


def _plain(kind: str) -> Callable[[Value], str]:
    types: dict[str, tuple[type, ...]] = {
        "str": (str,),
        "int": (int,),
        "bool": (bool,),
        "time": (datetime,),
        "float": (int, float),
    }

    def check(value: Value) -> str:
        good = isinstance(value, types[kind]) and (kind == "bool" or not isinstance(value, bool))
        return "" if good else _WORDS[kind]

    return check


def _duration(value: Value) -> str:
    good = isinstance(value, str) and (value == "0" or _DURATION.fullmatch(value))
    return "" if good else 'a duration in quotes, like "15m"'


def _texts(value: Value) -> str:
    return "" if isinstance(value, list) and all(isinstance(item, str) for item in value) else "a list of texts"


def _pairs(kind: type, words: str) -> Callable[[Value], str]:
    def check(value: Value) -> str:
        return "" if isinstance(value, dict) and all(isinstance(item, kind) for item in value.values()) else words

    return check


_CHECKS: Mapping[str, Callable[[Value], str]] = {
    **{kind: _plain(kind) for kind in ("str", "int", "bool", "time", "float")},
    "duration": _duration,
    "[str]": _texts,
    "str|[str]": lambda value: "" if isinstance(value, str) or not _texts(value) else "text, or a list of texts",
    "{str}": _pairs(str, "a table of texts"),
    "{bool}": _pairs(bool, "a table of true and false"),
    "any": lambda _: "",
}
