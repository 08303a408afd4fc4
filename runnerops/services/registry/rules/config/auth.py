"""Checks the access controller of a registry, which it builds when it starts. Pure.

Source: distribution's `registry/auth`, 2.8 and 3.1. What a file on the host holds is not judged.
"""

from __future__ import annotations

from runnerops.model.common import Key, Tree, Value
from runnerops.parsing.near import near_fix, question
from runnerops.services.registry.rules.found import ENDS, Found, is_bool, is_text, is_true, only, tree_at
from runnerops.services.registry.rules.near import near_keys, slips
from runnerops.services.registry.schema import AUTH, AUTH_OPTIONS
from runnerops.services.registry.schema.serving import ALGORITHMS


def auth_rules(tree: Tree, major: int) -> Found:
    """Runs all rules on `auth`."""
    auth = tree.get("auth")
    controllers = {str(auth): {}} if isinstance(auth, str | int | float) else tree_at(tree, "auth")
    if len(controllers) > 1:
        text = f"must name exactly one access controller, not {' and '.join(controllers)}"
        yield "C012", "error", ("auth",), f"{text}: {ENDS}", "keep one of them"
        return
    for name, options in controllers.items():
        if name.lower() == "none" or not name:
            continue
        if name not in AUTH:
            text = f"there is no access controller {name!r}: {ENDS}"
            yield "C012", "error", ("auth", name), text, near_fix(name, AUTH) or f"write one of {', '.join(AUTH)}"
            continue
        yield from _controller(name, options if isinstance(options, dict) else {}, major)
        if tree_at(tree, "proxy").get("remoteurl"):
            text = "dockerd does not log in to a mirror, so pulls would bypass this cache"
            yield "C012", "warning", ("auth", name), text, "protect it by a firewall or a private network"


def _controller(name: str, options: Tree, major: int) -> Found:
    key: Key = ("auth", name)
    known_options = (*AUTH[name], *AUTH_OPTIONS.get(name, ()))
    misspelt = slips(options, known_options)
    for option in options:
        if option not in known_options and (meant := near_keys(option, known_options)):
            text = f"unknown key, {question(meant)}"
            yield "C001", "error", (*key, option), text, f"write {' or '.join(meant)}"
    for wanted in AUTH[name]:
        if wanted in misspelt and wanted not in options:
            continue
        value: Value = options.get(wanted)
        if not is_text(value) or (wanted == "path" and not value):
            text = f"has no {wanted}" if value in (None, "") else f"has a {wanted} that is not a string"
            fix = "add it" if value in (None, "") else "put it in quotes"
            yield "C012", "error", key, f"{text}: {ENDS}", fix
    if name == "token":
        yield from _keys(options, key, major)
        yield from _redirect(options, key, major)
        yield from only(3, major, _algorithms(options, key))


def _keys(options: Tree, key: Key, major: int) -> Found:
    """Checks the files with the keys that sign tokens. A value that is not a text counts as missing."""
    bundle, jwks = ((is_text(options.get(name)) and options[name]) for name in ("rootcertbundle", "jwks"))
    if bundle or not {"rootcertbundle", "jwks"}.isdisjoint(slips(options, (*AUTH["token"], *AUTH_OPTIONS["token"]))):
        return
    if major == 2 or not jwks:
        yield "C012", "error", key, f"has no rootcertbundle{'' if major == 2 else ' and no jwks'}: {ENDS}", "add it"


def _redirect(options: Tree, key: Key, major: int) -> Found:
    if "autoredirect" in options and not is_bool(options["autoredirect"]):
        yield "C012", "error", (*key, "autoredirect"), f"must be true or false, without quotes: {ENDS}", ""
    path = options.get("autoredirectpath", "")
    if is_true(options.get("autoredirect")) and not is_text(path):
        yield from only(3, major, [("C012", "error", (*key, "autoredirectpath"), f"must be a string: {ENDS}", "")])


def _algorithms(options: Tree, key: Key) -> Found:
    algorithms = options.get("signingalgorithms", [])
    place: Key = (*key, "signingalgorithms")
    if not isinstance(algorithms, list) or not all(is_text(algorithm) for algorithm in algorithms):
        yield "C012", "error", place, f"must be a list of algorithms: {ENDS}", "write for example [RS256]"
        return
    for index, algorithm in enumerate(algorithms):
        if algorithm not in ALGORITHMS:
            yield (
                "C012",
                "error",
                (*place, index),
                f"must be one of {', '.join(ALGORITHMS)}: {ENDS}",
                near_fix(str(algorithm), ALGORITHMS),
            )
