"""What dockerd would refuse, or not start with, in its daemon.json. Pure. Each rule is a function.

dockerd refuses the whole file for one wrong key. At a reload it only logs the error, and then it does not start the
next time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from types import UnionType
from typing import Literal

from runnerops.model.common import Key, Tree, Value
from runnerops.model.facts import Facts
from runnerops.model.inventory import FileSpec
from runnerops.model.plan import Finding
from runnerops.parsing.near import near, part_of, question
from runnerops.services.docker.rules.elsewhere import elsewhere
from runnerops.services.docker.rules.mirrors import mirrors
from runnerops.services.docker.rules.nulls import nulls, without_nulls
from runnerops.services.docker.rules.proxied import proxied
from runnerops.services.docker.rules.values import values
from runnerops.services.docker.schema import FLAG_NAMES, IDLE_FLAGS, KEYS, UNREAD, Kind, key_of_flag
from runnerops.services.docker.schema.nested import Found, Severity, as_list, as_mapping, as_string, is_int, nested
from runnerops.services.shared.versions import Version, version_of


def lint(files: Mapping[FileSpec, Tree], facts: Facts | None) -> Iterable[Finding]:
    """Runs all rules on each file. A finding that depends on dockerd's version is a warning until the
    version is known.
    """
    for spec, given in files.items():
        tree = without_nulls(given)
        found = [
            one for rule in (_known, _typed, _options, mirrors, _flag_of_unit, _swarm) for one in rule(tree, facts)
        ]
        found += [*nested(tree), *values(tree, _version(facts)), *proxied(tree)]
        reported = {key for _, _, key, _, _ in found}
        found += [one for one in nulls(given) if one[2] not in reported]
        for name, severity, key, message, fix in found:
            yield Finding(name, severity, spec.path, key, message, fix)


def _version(facts: Facts | None) -> Version | None:
    return version_of(facts.docker.version) if facts and facts.docker else None


_NEAR = 0.75
_MAPPINGS = tuple(name for name, key in KEYS.items() if key.kind in {"flags", "texts", "object"})
_PROXIES = ("http-proxy", "https-proxy", "no-proxy")
_REFUSED = "dockerd refuses the whole file"
_SUCCESSORS = {"graph": "data-root"}


_MANY = 6
_TAKE_OUT = "take it out"


def _known(tree: Tree, facts: Facts | None) -> Found:
    """Checks the names of keys. A file that has many keys, and none that dockerd could mean, is another file."""
    found = tuple(_names(tree, _version(facts)))
    strange = [key for name, _, key, _, _ in found if name == "D001"]
    meant = tree.keys() & KEYS.keys() or any(fix != _TAKE_OUT for *_, fix in found)
    if len(tree) < _MANY or meant or not strange:
        yield from found
        return
    text = f"none of the {len(tree)} keys of this file is one of daemon.json: {_REFUSED}"
    yield "D001", "error", strange[0], text, "check whether this is the right file"


def _names(tree: Tree, version: Version | None) -> Found:
    for name, value in tree.items():
        if name in KEYS:
            yield from _timely(name, version, tree)
            yield from _unread(name, value, version)
        elif name in FLAG_NAMES:
            text = "this is the name of a flag of dockerd, which does nothing in the file"
            yield "D013", "error", (name,), text, f"write {FLAG_NAMES[name]}"
        elif name == "validate" and value is True:
            yield (
                "D013",
                "error",
                (name,),
                "dockerd only checks the file and ends, as with its flag --validate",
                _TAKE_OUT,
            )
        elif name in IDLE_FLAGS and isinstance(value, dict) and value:
            yield from _group(name, value)
        elif name in IDLE_FLAGS:
            yield (
                "D013",
                "warning",
                (name,),
                "dockerd has a flag of this name, and ignores it in the file",
                _TAKE_OUT,
            )
        elif name.lower().replace("_", "-") in _PROXIES:
            yield _proxy(name)
        elif isinstance(value, dict):
            yield from _group(name, value) if value else (_empty_group(name),)
        else:
            yield _unknown((name,))


def _proxy(name: str) -> tuple[str, Severity, Key, str, str]:
    """A key of `proxies` at the top. dockerd accepts those of its flags there, and ignores them."""
    known = name.lower().replace("_", "-")
    rule, harm = ("D012", "dockerd ignores it here") if name == known else ("D001", "unknown key")
    return rule, "error", (name,), f"{harm}: it belongs under proxies", f"write proxies: {{{known}: …}}"


def _timely(name: str, version: Version | None, tree: Tree) -> Found:
    since, until = KEYS[name].since, KEYS[name].until
    first, last = version_of(since), version_of(until)
    if version and first and version < first:
        yield "D002", "error", (name,), f"this host's dockerd does not know it before {since}", _TAKE_OUT
    if last and (version is None or version >= last):
        severity: Severity = "error" if version else "warning"
        yield (
            "D002",
            severity,
            (name,),
            f"dockerd does not know it any more since {until}, and refuses the file",
            _TAKE_OUT if _SUCCESSORS.get(name, name) in tree else f"write {_SUCCESSORS[name]}",
        )


def _unread(name: str, value: Value, version: Version | None) -> Found:
    """Keys that dockerd allows only because a flag has their name, and that no part of it decodes; and nulls that its
    list of keys does not allow.
    """
    if name == "proxies" and value is None:
        yield "D001", "error", (name,), "must be a mapping: dockerd treats null as an unknown key", _TAKE_OUT
    elif name in UNREAD and (version is None or version >= UNREAD[name]):
        severity: Severity = "warning"
        text = (
            "dockerd ignores it in the file" if UNREAD[name] == (0, 0) else f"dockerd ignores it since {_dotted(name)}"
        )
        fix = f"set it as a flag, --{name}" if UNREAD[name] == (0, 0) else _TAKE_OUT
        yield "D013", severity, (name,), text, fix


def _dotted(name: str) -> str:
    return ".".join(map(str, UNREAD[name]))


def _group(name: str, inner: Tree) -> Found:
    """dockerd searches a mapping that it does not know for keys that it knows, and then ignores them."""
    unknown = [one for one in inner if one not in KEYS and one not in FLAG_NAMES and one not in IDLE_FLAGS]
    other = elsewhere(name)
    if other and unknown:
        yield "D001", "error", (name,), f"unknown key, {other[0]}: {_REFUSED}", other[1]
        return
    meant = () if name in IDLE_FLAGS or other else _MEANT.get((name,)) or near(name, _MAPPINGS, _NEAR)
    meant = meant or (part_of(name, _MAPPINGS) if unknown else ())
    if meant:
        text = (
            f"unknown key, {question(meant)}" if unknown else f"unknown key, which dockerd ignores, {question(meant)}"
        )
        yield "D001" if unknown else "D012", "error", (name,), text, f"write {' or '.join(meant)}"
        return
    yield from (_unknown((name, one)) for one in unknown)
    if not unknown:
        keys = ", ".join(inner)
        text = f"dockerd takes this for a group of keys, and ignores what is in it: {keys}"
        yield "D012", "error", (name,), text, "write its keys at the top level"


_MEANT: Mapping[Key, tuple[str, ...]] = {
    ("selinux",): ("selinux-enabled",),
    ("logging", "options"): ("log-opts",),
    ("registry", "mirrors"): ("registry-mirrors",),
    ("gateway",): ("default-gateway",),
    ("default-subnet",): ("bip",),
    ("mirrors",): ("registry-mirrors",),
    ("mirror",): ("registry-mirrors",),
    ("ulimits",): ("default-ulimits",),
    ("ulimit",): ("default-ulimits",),
    **dict.fromkeys((("nameservers",), ("nameserver",), ("dns-servers",), ("dns-server",)), ("dns",)),
}
"""By key: what is meant by it, although its name is not near. `logging` is the block of a Compose file."""


def _empty_group(name: str) -> tuple[str, Severity, Key, str, str]:
    if known := near(name, KEYS, _NEAR):
        text = f"unknown key, which dockerd ignores while it is empty, {question(known)}"
        return "D012", "error", (name,), text, f"write {' or '.join(known)}"
    return "D012", "warning", (name,), "unknown key: dockerd ignores it while it is empty", _TAKE_OUT


def _unknown(key: tuple[str, ...]) -> tuple[str, Severity, Key, str, str]:
    if other := elsewhere(key[0]):
        return "D001", "error", key, f"unknown key, {other[0]}: {_REFUSED}", other[1]
    if known := _MEANT.get(key) or near(key[-1], KEYS, _NEAR) or part_of(key[-1], KEYS):
        return "D001", "error", key, f"unknown key, {question(known)}", f"write {' or '.join(known)}"
    return "D001", "error", key, f"unknown key: {_REFUSED}", _TAKE_OUT


_IS: Mapping[Kind, tuple[str, Callable[[Value], bool]]] = {
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "int": ("a whole number that fits into 64 bits", is_int),
    "string": ("a string", lambda value: isinstance(value, str)),
    "strings": ("a list of strings", lambda value: _all_of(value, list, str)),
    "flags": ("a mapping of true and false", lambda value: _all_of(value, dict, bool | None)),
    "texts": ("a mapping", lambda value: isinstance(value, dict)),
    "object": ("a mapping", lambda value: isinstance(value, dict)),
    "objects": ("a list of mappings", lambda value: isinstance(value, list) and None not in value),
}


_FIXES: Mapping[Kind, str] = {
    "bool": "write true or false, without quotes",
    "int": "write it in digits, without quotes",
    "string": "",
    "strings": 'write ["ONE", "TWO"]',
    "flags": 'write {"NAME": true}',
    "texts": 'write {"NAME": "VALUE"}',
    "object": "write {…}",
    "objects": "write [{…}]",
}


def _all_of(value: Value, outer: type, inner: type | UnionType) -> bool:
    items: Iterable[Value] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, outer) and all(isinstance(item, inner) for item in items)


def _typed(tree: Tree, facts: Facts | None) -> Found:
    version = _version(facts)
    for name, value in tree.items():
        if name in KEYS and (value is not None or name == "default-shm-size"):
            what, fits = _IS[KEYS[name].kind]
            severity = _severity_of_type(name, value, version)
            if severity and not fits(value) and KEYS[name].kind == "flags" and isinstance(value, dict):
                yield from _flags(name, value)
            elif severity and not fits(value):
                yield (
                    "D003",
                    severity,
                    (name,),
                    f"must be {what}: {_REFUSED}",
                    _fix_of_type(KEYS[name].kind, value),
                )


def _flags(name: str, value: Tree) -> Found:
    for flag, one in value.items():
        if not isinstance(one, bool | None):
            fix = "move it to the top of the file" if flag in KEYS else _FIXES["bool"]
            yield "D003", "error", (name, flag), f"must be true or false: {_REFUSED}", fix


def _fix_of_type(kind: Kind, value: Value) -> str:
    if kind in {"strings", "string"}:
        return as_list(value) if kind == "strings" else as_string(value)
    if isinstance(value, str) and "://" in value and kind == "texts":
        return f'write {{"http-proxy": "{value}"}}'
    if kind in {"texts", "flags"} and isinstance(value, list | str):
        return as_mapping(value, flags=kind == "flags") or _FIXES[kind]
    return f"write [{json.dumps(value)}]" if kind == "objects" and isinstance(value, dict) else _FIXES[kind]


def _severity_of_type(name: str, value: Value, version: Version | None) -> Severity | Literal[""]:
    """The severity of a wrong type. A key that no part of dockerd decodes may have any type."""
    if name not in UNREAD or (isinstance(value, dict) and value):  # its keys must be known nevertheless
        return "error"
    if version is not None:
        return "error" if version < UNREAD[name] else ""
    return "" if UNREAD[name] == (0, 0) else "warning"


def _options(tree: Tree, facts: Facts | None) -> Found:  # noqa: ARG001
    for name, key in KEYS.items():
        options = tree.get(name)
        if key.kind == "texts" and isinstance(options, dict):
            for option, value in options.items():
                if name == "proxies":  # its types are checked with those of the other mappings
                    continue
                if isinstance(value, dict) and value and all(isinstance(one, str) for one in value.values()):
                    fix = f"move its keys up, to {name}: {', '.join(value)}"
                    yield "D004", "error", (name, option), "must be a string", fix
                elif isinstance(value, dict | list):
                    yield "D004", "error", (name, option), "must be a string", f'write {{"{option}": "TEXT"}}'
                elif not isinstance(value, str | None):
                    yield "D004", "error", (name, option), "must be a string", f'put it in quotes: "{_as_text(value)}"'


def _as_text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _flag_of_unit(tree: Tree, facts: Facts | None) -> Found:
    """The packaged unit starts dockerd with `-H fd://`. dockerd does not start if a key is given as a flag too."""
    docker = facts.docker if facts else None
    known = docker is not None and bool(docker.unit.argv)
    flags = {key_of_flag(word) for word in docker.unit.argv[1:]} if docker and known else {"hosts"}
    hosts = tree.get("hosts")
    windows = isinstance(hosts, list) and any(str(one).startswith("npipe:") for one in hosts)
    if "hosts" in tree and "hosts" in flags and not windows:
        fix = "take it out, or give the unit a drop-in whose ExecStart has no -H"
        severity: Severity = "error" if known else "warning"
        text = "docker's unit sets it as a flag too (-H), so dockerd would not start"
        unknown = "dockerd does not start if docker's unit sets it as a flag too (-H), as the packaged unit does"
        yield "D007", severity, ("hosts",), text if known else unknown, fix


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
