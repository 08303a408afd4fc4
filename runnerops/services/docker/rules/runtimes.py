"""The runtimes of daemon.json. Pure. Source: `setupRuntimes` of moby's `daemon/runtime_unix.go`, 20.10 to 29.7."""

from __future__ import annotations

from runnerops.model.common import Tree
from runnerops.parsing.near import near_fix, similar_names
from runnerops.services.docker.rules.timely import before, since
from runnerops.services.docker.schema import KEYS
from runnerops.services.docker.schema.nested import Found, meant
from runnerops.services.shared.versions import Version

_START = "dockerd does not start"
_EITHER = "take one of them out"
_KEYS = ("path", "runtimeArgs", "runtimeType", "options")
_STOCK = ("runc", "io.containerd.runc.v2", "io.containerd.runtime.v1.linux")


def runtimes(tree: Tree, version: Version | None) -> Found:
    """Checks each runtime, and the default one. A finding that depends on an unknown version is a warning."""
    value = tree.get("runtimes")
    own_runtimes = value if isinstance(value, dict) else {}
    for name, runtime in own_runtimes.items():
        if name == "runc":
            text = f"the name runc is reserved for dockerd: {_START}"
            yield "D021", "error", ("runtimes", name), text, "use another name"
        elif runtime is None or isinstance(runtime, dict):
            yield from _runtime(name, {key.lower(): item for key, item in (runtime or {}).items() if item}, version)
    yield from _default(tree, own_runtimes, version)


def _runtime(name: str, runtime: Tree, version: Version | None) -> Found:
    """Checks the keys that have a value, in lower case: a path with arguments, or a type with options."""
    if not {"path", "runtimetype"} & runtime.keys():
        if any(meant(key, _KEYS) and meant(key, _KEYS)[0] in {"path", "runtimeType"} for key in runtime):
            return  # a misspelt key is reported where it stands
        if severity := since("24.0", version):
            harm = "error" if version is None else severity  # earlier it is a runtime that starts nothing
            text = f"has neither path nor runtimeType: {_START}"
            yield "D021", harm, ("runtimes", name), text, 'add "path": "/PATH"'
        return
    for first, excluded_keys in (("path", ("runtimetype", "options")), ("runtimetype", ("runtimeargs",))):
        for excluded in excluded_keys:
            if {first, excluded} <= runtime.keys() and (severity := since("24.0", version)):
                words = {"runtimetype": "runtimeType", "runtimeargs": "runtimeArgs"}
                text = f"cannot have both {words.get(first, first)} and {words.get(excluded, excluded)} since 24.0: {_START}"
                fix = "take options out, or write runtimeType instead of path" if excluded == "options" else _EITHER
                yield "D021", severity, ("runtimes", name), text, fix
    options = runtime.get("options")
    flag = options.get("SystemdCgroup") if isinstance(options, dict) else None
    of_runc = str(runtime.get("runtimetype")).startswith("io.containerd.runc.")
    if of_runc and flag is not None and not isinstance(flag, bool) and (severity := since("24.0", version)):
        text = f"must have true or false as SystemdCgroup: {_START}"
        yield "D021", severity, ("runtimes", name), text, "write it without quotes"


def _default(tree: Tree, own_runtimes: Tree, version: Version | None) -> Found:
    default = tree.get("default-runtime")
    if not isinstance(default, str) or not default or default in {*own_runtimes, *_STOCK}:
        return
    if any(name not in KEYS and similar_names(name, ("runtimes",), 0.8) for name in tree):
        return  # a misspelt key is reported where it stands
    fix = near_fix(default, own_runtimes) or f"add it under runtimes: {{{default}: {{path: …}}}}"
    if "/" in default or default.find(".") < 1:  # containerd's names have a dot inside, and dockerd takes no path
        yield "D021", "error", ("default-runtime",), f"there is no runtime {default!r}: {_START}", fix
    elif severity := before("23.0", version):
        text = f"dockerd before 23.0 does not look for {default!r} in containerd: {_START}"
        yield "D021", severity, ("default-runtime",), text, fix
