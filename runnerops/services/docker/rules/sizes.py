"""Sizes in daemon.json. Pure.

`dockerd --validate` reads hardly any of them: a wrong size shows when dockerd or a container starts. Source: moby's
`daemon/internal/builder-next/controller.go`, `daemon/logger` and `daemon/graphdriver`, 20.10 to 29.7.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from runnerops.model.common import Key, Tree, Value
from runnerops.patterns import late_pattern
from runnerops.services.docker.rules.timely import before, since
from runnerops.services.docker.schema.nested import Found, Severity
from runnerops.services.shared.sizes import is_size
from runnerops.services.shared.versions import Version

_TEXT = "must be a size"
_FIX = "write a number with its unit, such as 64M"
_START = "dockerd does not start"
_CONTAINER = "no container would start"

_OPTIONS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "max-size": (("json-file", "local"), _CONTAINER),
    "max-buffer-size": ((), _START),
    "cache-max-size": (("syslog", "gelf", "fluentd", "awslogs", "splunk", "gcplogs"), _CONTAINER),
    "fluentd-buffer-limit": (("fluentd",), _START),
}
"""Log options that are sizes: the drivers that read them (none: every driver except `none`), and the effect of a wrong
one.
"""

_STORAGE = frozenset({"overlay2.size", "btrfs.min_space"})
_DEFAULTS = ("defaultKeepStorage", "defaultReservedSpace", "defaultMaxUsedSpace", "defaultMinFreeSpace")
_AGE = late_pattern(r"(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+|\d+(?:\.\d+)?|\d{4}-\d\d-\d\dT?.*")
_POLICY = ("keepStorage", "reservedSpace", "maxUsedSpace", "minFreeSpace")


def sizes(tree: Tree, version: Version | None) -> Found:
    """Every size of the file."""
    for name, key, text, harm in (*_shm(tree), *_log_options(tree), *_storage(tree)):
        if not is_size(text):
            yield name, "error", key, f"{_TEXT}: {harm}", _FIX
    if severity := _collects(tree, version):
        harm = _START if severity == "error" else f"{_START} since 28.2"
        for key, text in _builder(tree):
            if not is_size(text):
                yield "D015", severity, key, f"{_TEXT}: {harm}", _FIX
        for key, text, fix in _before_28(tree) if severity == "error" else ():
            if old := before("28.0", version):
                yield "D015", old, key, f"{text}: {_START} before 28.0", fix
        for key, text, fix in _filters(tree):
            yield "D017", severity, key, f"{text}: {harm}", fix


def _shm(tree: Tree) -> Iterator[tuple[str, Key, str, str]]:
    if isinstance(text := tree.get("default-shm-size"), str):
        yield "D015", ("default-shm-size",), text, "dockerd refuses the whole file"


def _log_options(tree: Tree) -> Iterator[tuple[str, Key, str, str]]:
    driver, options = tree.get("log-driver") or "json-file", tree.get("log-opts")
    for name, value in options.items() if isinstance(options, dict) and driver != "none" else ():
        drivers, harm = _OPTIONS.get(name, ((driver,), ""))
        unlimited = name == "max-size" and value == "-1"
        if harm and (driver in drivers or not drivers) and isinstance(value, str) and not unlimited:
            yield "D019", ("log-opts", name), value, harm


def _storage(tree: Tree) -> Iterator[tuple[str, Key, str, str]]:
    options = tree.get("storage-opts")
    for index, option in enumerate(options if isinstance(options, list) else ()):
        name, equals, text = str(option).partition("=")
        if equals and name.strip().lower() in _STORAGE:
            yield "D015", ("storage-opts", index), text.strip(), _START


def _collects(tree: Tree, version: Version | None) -> Severity | Literal[""]:
    """Whether dockerd reads the sizes of the builder's garbage collection. It does if that is on, which is the default
    from 28.2 on.
    """
    enabled = _entry(_gc(tree)[1], "enabled")[1]
    return "error" if enabled is True else "" if enabled is False else since("28.2", version)


def _gc(tree: Tree) -> tuple[Key, Value]:
    name, builder = _entry(tree, "builder")
    inner, gc = _entry(builder, "gc")
    return (name, inner), gc


def _builder(tree: Tree) -> Iterator[tuple[Key, str]]:
    """The sizes of the defaults, or of the rules of a policy, which replace them."""
    at, gc = _gc(tree)
    rules, policy = _entry(gc, "policy")
    if not isinstance(policy, list):
        yield from _written(gc, _DEFAULTS, at)
    for index, rule in enumerate(policy if isinstance(policy, list) else ()):
        yield from _written(rule, _POLICY, (*at, rules, index))


def _before_28(tree: Tree) -> Iterator[tuple[Key, str, str]]:
    """Key, message and fix of what older releases require of a policy: a size in each rule, and a valid default although
    it has no effect.
    """
    at, gc = _gc(tree)
    rules, policy = _entry(gc, "policy")
    items = enumerate(policy if isinstance(policy, list) else ())
    lacks = [index for index, rule in items if isinstance(rule, dict) and not _entry(rule, "keepStorage")[1]]
    if lacks:
        rest_text = f"; other rules without it: {len(lacks) - 1}" if len(lacks) > 1 else ""
        yield (*at, rules, lacks[0]), "has no keepStorage", f'add for example "keepStorage": "10GB"{rest_text}'
    for key, text in _written(gc, _DEFAULTS[:1], at) if isinstance(policy, list) else ():
        if not is_size(text):
            yield key, _TEXT, _FIX


def _filters(tree: Tree) -> Iterator[tuple[Key, str, str]]:
    """Key, message and fix of filters of a policy with which dockerd does not start: an invalid age, or two of them."""
    at, gc = _gc(tree)
    rules, policy = _entry(gc, "policy")
    for index, rule in enumerate(policy if isinstance(policy, list) else ()):
        name, text = _entry(rule, "filter")
        ages = 0
        for place, item in enumerate(text if isinstance(text, list) else ()):
            word, _, age = (part.strip() for part in str(item).partition("="))
            if word.lower() not in {"unused-for", "until"}:
                continue
            ages, key = ages + 1, (*at, rules, index, name, place)
            if not _AGE.fullmatch(age):
                yield key, "must be an age", "write for example unused-for=48h"
            elif ages > 1:
                yield key, "is a second age, but there can be only one", "take one of them out"


def _written(value: Value, names: tuple[str, ...], key: Key) -> Iterator[tuple[Key, str]]:
    for written, size in (_entry(value, name) for name in names):
        if text := _string(size):
            yield (*key, written), text


def _entry(value: Value, name: str) -> tuple[str, Value]:
    """A mapping's key as it is written (dockerd ignores the case), and its value; the name itself if there is none."""
    pairs = value.items() if isinstance(value, dict) else ()
    return next(((key, item) for key, item in pairs if key.lower() == name.lower()), (name, None))


def _string(value: Value) -> str:
    return value if isinstance(value, str) else ""
