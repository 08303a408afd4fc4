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
    found = tuple(_names(tree, version))
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


def _proxy(name: str) -> One:
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
    unknown = [
        inner_name
        for inner_name in inner
        if inner_name not in KEYS and inner_name not in FLAG_NAMES and inner_name not in IDLE_FLAGS
    ]
    other = elsewhere(name)
    if other and unknown:
        yield "D001", "error", (name,), f"unknown key, {other[0]}: {_REFUSED}", other[1]
        return
    meant = () if name in IDLE_FLAGS or other else _MEANT.get((name,)) or similar_names(name, _MAPPINGS, _NEAR)
    meant = meant or (part_of(name, _MAPPINGS) if unknown else ())
    if meant:
        text = (
            f"unknown key, {question(meant)}" if unknown else f"unknown key, which dockerd ignores, {question(meant)}"
        )
        yield "D001" if unknown else "D012", "error", (name,), text, f"write {' or '.join(meant)}"
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
    if known := similar_names(name, KEYS, _NEAR):
        text = f"unknown key, which dockerd ignores while it is empty, {question(known)}"
        return "D012", "error", (name,), text, f"write {' or '.join(known)}"
    return "D012", "warning", (name,), "unknown key: dockerd ignores it while it is empty", _TAKE_OUT


def _unknown(key: tuple[str, ...]) -> One:
    if other := elsewhere(key[0]):
        return "D001", "error", key, f"unknown key, {other[0]}: {_REFUSED}", other[1]
    if known := _MEANT.get(key) or similar_names(key[-1], KEYS, _NEAR) or part_of(key[-1], KEYS):
        return "D001", "error", key, f"unknown key, {question(known)}", f"write {' or '.join(known)}"
    return "D001", "error", key, f"unknown key: {_REFUSED}", _TAKE_OUT
