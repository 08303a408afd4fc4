"""Checks how a registry serves and logs, as far as it builds this when it starts. Pure.

Source: distribution's `registry/registry.go` and `registry/handlers/app.go`, 2.8 and 3.1.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from runnerops.model.common import Key, Tree
from runnerops.parsing.near import near_fix
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.found import ENDS, Found, One, is_true, only, tree_at

_NOT_GO = late_pattern(r"\(\?(?:[=!]|<[=!])|(?<!\\)\\[1-9]")
_DEBUG = (
    *("/debug/health", "/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/profile", "/debug/pprof/symbol"),
    *("/debug/pprof/trace", "/debug/vars"),
)
"""The pages that the debug server of a registry always has."""
_FORMATS = ("text", "json", "logstash")
_NOT_A_SCHEME = late_pattern(r"(?![A-Za-z][A-Za-z0-9+.-]*:)[^/?#:]*:")
"""The beginning of a URL whose first colon is not that of a scheme, which Go does not read."""
_WHOLE = late_pattern(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]")
_PORTS = ("http", "https", "http-alt", "domain", "ftp", "ssh", "smtp")


def app_rules(tree: Tree, major: int) -> Found:
    """Runs all rules on one configuration."""
    for rule in (_address, _host, _log, _hooks, _tags, _validation):
        yield from rule(tree)
    yield from _metrics(tree, major)


def _address(tree: Tree) -> Found:
    http = tree_at(tree, "http")
    address, net = http.get("addr"), http.get("net")
    if net not in (None, "", "tcp", "unix"):
        yield "C013", "error", ("http", "net"), f"must be tcp or unix: {ENDS}", ""
    elif net != "unix" and address not in (None, "") and (problem := address_problem(str(address))):
        yield "C013", "error", ("http", "addr"), f"{problem}: {ENDS}", "write for example :5000"
    debug = tree_at(tree, "http", "debug").get("addr")
    if debug not in (None, "") and (problem := address_problem(str(debug))):
        yield "C013", "error", ("http", "debug", "addr"), f"{problem}: {ENDS}", "write for example 127.0.0.1:5001"
    elif debug and net != "unix" and _one_port(str(address or ""), str(debug)):
        yield "C013", "error", ("http", "debug", "addr"), f"has the port of http.addr: {ENDS}", "write another port"


def _one_port(address: str, debug_address: str) -> bool:
    """Whether a process cannot listen on both addresses at the same time."""
    (host, _, port), (host_2, _, port_2) = address.rpartition(":"), debug_address.rpartition(":")
    every = {"", "0.0.0.0", "[::]"}  # noqa: S104  these are what is looked for
    return port == port_2 and port not in ("", "0") and (host == host_2 or not every.isdisjoint((host, host_2)))


def address_problem(text: str) -> str:
    """Returns why Go cannot listen on an address; empty if it can."""
    host, colon, port = text.rpartition(":")
    if not colon:
        return "must be ADDRESS:PORT, or :PORT"
    if ":" in host and not re.fullmatch(r"\[[^\[\]]*\]", host):
        return "has too many colons for an address without brackets"
    number = int(port) if re.fullmatch(r"[+-]?[0-9]+", port) else None
    if port and ((number is None and port not in _PORTS) or (number is not None and not 0 <= number <= 65535)):
        return "has no port from 0 to 65535"
    return "has a space in its address" if " " in host else ""


def _host(tree: Tree) -> Found:
    host = tree_at(tree, "http").get("host")
    if not isinstance(host, str) or not host:
        return
    try:
        name = urlsplit(host).netloc
    except ValueError:
        name = " "
    if re.search(r"[\s{}<>^`|\\\"]", name) or _NOT_A_SCHEME.match(host):
        yield "C013", "error", ("http", "host"), f"is not a URL: {ENDS}", "write https://NAME"
    elif not _WHOLE.match(host):
        text = "has no scheme and host, such as https://NAME, so the registry does not use it"
        yield "C013", "warning", ("http", "host"), text, "write https://NAME, or take it out"


def _metrics(tree: Tree, major: int) -> Found:
    """Checks the path of the metrics. Registry 2 registers it even if nothing listens."""
    prometheus = tree_at(tree, "http", "debug", "prometheus")
    path = prometheus.get("path")
    if not is_true(prometheus.get("enabled")) or path in (None, "") or isinstance(path, dict | list):
        return
    key: Key = ("http", "debug", "prometheus", "path")
    listens = bool(tree_at(tree, "http", "debug").get("addr"))
    text = str(path)
    if text in _DEBUG:
        finding: One = ("C013", "error", key, f"is a page of the debug server already: {ENDS}", "write /metrics")
        yield from [finding] if listens else only(2, major, [finding])
    elif listens and not re.fullmatch(r"/[^\s{}]*", text):
        yield from only(
            3,
            major,
            [("C013", "error", key, f"must begin with a slash, without spaces and braces: {ENDS}", "write /metrics")],
        )


def _log(tree: Tree) -> Found:
    form = tree_at(tree, "log").get("formatter")
    if isinstance(form, str | int | float) and str(form) not in {"", *_FORMATS}:
        yield (
            "C003",
            "error",
            ("log", "formatter"),
            f"must be one of text, json, logstash: {ENDS}",
            near_fix(str(form), _FORMATS),
        )


def _hooks(tree: Tree) -> Found:
    hooks = tree_at(tree, "log").get("hooks")
    for index, hook in enumerate(hooks if isinstance(hooks, list) else []):
        kind = hook.get("type") if isinstance(hook, dict) and not is_true(hook.get("disabled")) else "mail"
        if kind != "mail" and not isinstance(kind, dict | list):
            text = "does nothing: mail is the only type of hook that the registry knows"
            key: Key = ("log", "hooks", index)
            yield "C001", "warning", (*key, "type") if kind is not None else key, text, "write type: mail"


def _tags(tree: Tree) -> Found:
    most = tree_at(tree, "tags").get("maxtags")
    if isinstance(most, int | float) and -(2**31) <= most < 0:
        yield (
            "C003",
            "warning",
            ("tags", "maxtags"),
            "must not be negative: registry 3.1 ends at its start",
            "remove it",
        )


def _validation(tree: Tree) -> Found:
    validation = tree_at(tree, "validation")
    if validation.get("disabled") is True and validation.get("enabled") is not True:
        return
    urls = tree_at(tree, "validation", "manifests", "urls")
    for name in ("allow", "deny"):
        patterns = urls.get(name)
        for index, pattern in enumerate(patterns if isinstance(patterns, list) else []):
            if isinstance(pattern, str) and not _is_pattern(pattern):
                key: Key = ("validation", "manifests", "urls", name, index)
                yield "C003", "error", key, f"is not a regular expression that Go accepts: {ENDS}", ""


def _is_pattern(text: str) -> bool:
    """Whether Go accepts a pattern. It has no look-around and no references. What only Go has is not judged."""
    if _NOT_GO.search(text):
        return False
    try:
        re.compile(re.sub(r"\\[pPzCQE](?:\{\^?\w+\}|[A-Z])?|\[\[:\^?\w+:\]\]|\(\?[a-zA-Z]*U[a-zA-Z]*\)", "a", text))
    except re.error as error:
        return error.msg not in {
            "missing ), unterminated subpattern",
            "nothing to repeat",
            "multiple repeat",
            "unterminated character set",
            "unbalanced parenthesis",
        }
    return True
