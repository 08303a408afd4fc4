"""Keys of daemon.json that dockerd does not know, or not in every release, or not in this place. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.common import Key, Tree, Value
from runnerops.parsing.near import part_of, question, similar_names
from runnerops.services.docker.rules.elsewhere import elsewhere
from runnerops.services.docker.schema import FLAG_NAMES, IDLE_FLAGS, KEYS, UNREAD
from runnerops.services.docker.schema.nested import Found, One, Severity
from runnerops.services.shared.versions import Version, version_of

_NEAR = 0.75
_MAPPINGS = tuple(name for name, key in KEYS.items() if key.kind in {"flags", "texts", "object"})
_PROXIES = ("http-proxy", "https-proxy", "no-proxy")
_REFUSED = "dockerd refuses the whole file"
_SUCCESSORS = {"graph": "data-root"}
_MANY = 6
_TAKE_OUT = "take it out"


def known_keys(tree: Tree, version: Version | None) -> Found:
    """Checks the names of keys. A file that has many keys, and none that dockerd could mean, is another file."""
    findings = tuple(_names(tree, version))
    strange = [key for name, _, key, _, _ in findings if name == "D001"]
    is_daemon_json = tree.keys() & KEYS.keys() or any(fix != _TAKE_OUT for *_, fix in findings)
    if len(tree) < _MANY or is_daemon_json or not strange:
        yield from findings
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


def _proxy(name: str) -> One:
    """A key of `proxies` at the top. dockerd accepts those of its flags there, and ignores them."""
    plain = name.lower().replace("_", "-")
    rule, harm = ("D012", "dockerd ignores it here") if name == plain else ("D001", "unknown key")
    return rule, "error", (name,), f"{harm}: it belongs under proxies", f"write proxies: {{{plain}: …}}"


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
    unknown = [
        inner_name
        for inner_name in inner
        if inner_name not in KEYS and inner_name not in FLAG_NAMES and inner_name not in IDLE_FLAGS
    ]
    place = elsewhere(name)
    if place and unknown:
        yield "D001", "error", (name,), f"unknown key, {place[0]}: {_REFUSED}", place[1]
        return
    intended = () if name in IDLE_FLAGS or place else _MEANT.get((name,)) or similar_names(name, _MAPPINGS, _NEAR)
    intended = intended or (part_of(name, _MAPPINGS) if unknown else ())
    if intended:
        text = (
            f"unknown key, {question(intended)}"
            if unknown
            else f"unknown key, which dockerd ignores, {question(intended)}"
        )
        yield "D001" if unknown else "D012", "error", (name,), text, f"write {' or '.join(intended)}"
        return
    yield from (_unknown((name, inner_name)) for inner_name in unknown)
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


def _empty_group(name: str) -> One:
    if similar := similar_names(name, KEYS, _NEAR):
        text = f"unknown key, which dockerd ignores while it is empty, {question(similar)}"
        return "D012", "error", (name,), text, f"write {' or '.join(similar)}"
    return "D012", "warning", (name,), "unknown key: dockerd ignores it while it is empty", _TAKE_OUT


def _unknown(key: tuple[str, ...]) -> One:
    if place := elsewhere(key[0]):
        return "D001", "error", key, f"unknown key, {place[0]}: {_REFUSED}", place[1]
    if similar := _MEANT.get(key) or similar_names(key[-1], KEYS, _NEAR) or part_of(key[-1], KEYS):
        return "D001", "error", key, f"unknown key, {question(similar)}", f"write {' or '.join(similar)}"
    return "D001", "error", key, f"unknown key: {_REFUSED}", _TAKE_OUT
