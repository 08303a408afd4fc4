"""Checks the middleware of a registry, which it builds when it starts, even if it is `disabled`. Pure.

Source: distribution's `registry/storage/driver/middleware`, 2.8 and 3.1. What a file on the host holds is not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runnerops.model.common import Key, Tree, Value
from runnerops.parsing.near import near_fix
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.found import ENDS, Found, Severity, is_text, only, tree_at
from runnerops.services.shared.durations import is_duration

_KINDS = ("registry", "repository", "storage")
_URL = late_pattern(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#:\s{}<>^`|\\\"]+|\[[^\]]*\])(?::\d*)?(?:[/?#].*)?")
_CLOUD = late_pattern(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#:\s{}<>^`|\\\"]*|\[[^\]]*\])(?::\d*)?(?:[/?#].*)?")
"""The same, but the host may be missing."""


def middleware_rules(tree: Tree, major: int) -> Found:
    """Runs all rules on `middleware`."""
    for kind, entries in tree_at(tree, "middleware").items():
        if kind not in _KINDS:
            yield "C001", "warning", ("middleware", kind), "unknown key, which the registry ignores", "take it out"
            continue
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            item = entry if isinstance(entry, dict) else {}
            yield from _middleware(kind, item, ("middleware", kind, index), major)


def _middleware(kind: str, item: Tree, key: Key, major: int) -> Found:
    name = item.get("name")
    check = _CHECKS.get(str(name)) if kind == "storage" else None
    if check is None:
        of_image = f"the registry's own image has no {kind} middleware {name!r}" if name else "has no name"
        severity: Severity = "warning" if kind == "repository" else "error"  # built for each request
        harm = "the registry answers every request for an image with an error" if kind == "repository" else ENDS
        near = near_fix(str(name), _CHECKS) if kind == "storage" else ""
        fix = near or "take it out" if name else "add it, or take the item out"
        yield "C009", severity, key, f"{of_image}: {harm}", fix
        return
    if name == "rewrite" and major == 2:
        yield "C009", "error", key, f"registry 2 does not have the middleware rewrite: {ENDS}", "take it out"
        return
    yield from check(tree_at(item, "options"), key, major)


def _cloudfront(options: Tree, key: Key, major: int) -> Found:
    for name in ("baseurl", "privatekey", "keypairid"):
        if name not in options or (name == "privatekey" and options[name] == ""):
            yield "C009", "error", key, f"has no {name}: {ENDS}", "add it"
    yield from _texts(("baseurl", "privatekey", "keypairid", "iprangesurl"), options, key)
    base = options.get("baseurl")
    if isinstance(base, str) and not _CLOUD.fullmatch(base if "://" in base else f"https://{base}/"):
        yield (
            "C009",
            "error",
            (*key, "options", "baseurl"),
            f"must be a URL: {ENDS}",
            "write for example https://cdn.example.com",
        )
    yield from _duration("duration", options, key)
    yield from _duration("updatefrenquency", options, key)  # so misspelt in both
    if "updatefrenquency" not in options:
        yield from only(3, major, _duration("updatefrequency", options, key))
    yield from _filter(options, key)


def _duration(name: str, options: Tree, key: Key) -> Found:
    """The registry ignores a value that is not a text."""
    value = options.get(name)
    if isinstance(value, str) and not is_duration(value):
        yield "C009", "error", (*key, "options", name), f"must be a duration with its unit, such as 20m: {ENDS}", ""


def _filter(options: Tree, key: Key) -> Found:
    filtered_by = options.get("ipfilteredby", "none")
    word = filtered_by.strip().lower() if isinstance(filtered_by, str) else None
    if word not in {"", "none", "aws", "awsregion"}:
        yield "C009", "error", (*key, "options", "ipfilteredby"), f"must be one of none, aws, awsregion: {ENDS}", ""
    elif word == "awsregion" and not isinstance(options.get("awsregion"), str):
        yield "C009", "error", key, f"has no awsregion, a text with commas between the regions: {ENDS}", "add it"


def _redirect(options: Tree, key: Key, _: int | None) -> Found:
    if "baseurl" not in options:
        yield "C009", "error", key, f"has no baseurl: {ENDS}", "add it"
    yield from _texts(("baseurl",), options, key)
    base = options.get("baseurl")
    if isinstance(base, str) and not _URL.fullmatch(base):
        yield (
            "C009",
            "error",
            (*key, "options", "baseurl"),
            f"must be a URL with scheme and host: {ENDS}",
            "write for example https://cdn.example.com",
        )


def _rewrite(options: Tree, key: Key, major: int) -> Found:
    yield from only(3, major, _texts(("scheme", "host", "trimpathprefix"), options, key))


def _texts(names: tuple[str, ...], options: Tree, key: Key) -> Found:
    for name in names:
        value: Value = options.get(name, "")
        if not is_text(value):
            yield "C009", "error", (*key, "options", name), f"must be a string: {ENDS}", ""


_CHECKS: Mapping[str, Callable[[Tree, Key, int], Found]] = {
    "cloudfront": _cloudfront,
    "redirect": _redirect,
    "rewrite": _rewrite,
}
