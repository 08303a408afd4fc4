"""How a registry serves, whom it lets in and what stands between: what it builds of these when it starts. Pure.

Source: distribution's `registry/registry.go`, `registry/handlers/app.go` and `registry/auth`, 2.8 and 3.1.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from urllib.parse import urlsplit

from runnerops.model.common import Key, Tree, Value
from runnerops.services.registry.rules.found import ENDS, Found, Severity, tree_at
from runnerops.services.registry.schema import AUTH

_MIDDLEWARE = {"storage": ("cloudfront", "redirect", "rewrite"), "registry": (), "repository": ()}
_WANTED = {"cloudfront": ("baseurl", "privatekey", "keypairid"), "redirect": ("baseurl",), "rewrite": ()}
_TEXTS = ("baseurl", "scheme", "host", "trimpathprefix")
"""Options of a middleware that end the registry where they are no text."""
_NOT_GO = re.compile(r"\(\?(?:[=!]|<[=!])|(?<!\\)\\[1-9]")
_PORTS = ("http", "https", "http-alt", "domain", "ftp", "ssh", "smtp")


def app_rules(tree: Tree, major: int | None) -> Found:
    """All rules on one configuration. `major`: of the image that reads it, None where that is not known."""
    for rule in (_address, _host, _tls, _log, _tags, _validation):
        yield from rule(tree)
    yield from _metrics(tree, major)
    yield from _auth(tree, major)
    yield from _middleware(tree, major)


def _address(tree: Tree) -> Found:
    http = tree_at(tree, "http")
    address, net = http.get("addr"), http.get("net")
    if net not in (None, "", "tcp", "unix"):
        yield "C013", "error", ("http", "net"), "must be tcp or unix", ENDS
    elif net != "unix" and address not in (None, "") and (problem := address_problem(str(address))):
        yield "C013", "error", ("http", "addr"), problem, ENDS
    debug = tree_at(tree, "http", "debug").get("addr")
    if debug not in (None, "") and (problem := address_problem(str(debug))):
        yield "C013", "error", ("http", "debug", "addr"), problem, ENDS


def address_problem(text: str) -> str:
    """Why Go cannot listen there; empty where it can."""
    host, colon, port = text.rpartition(":")
    if not colon:
        return "must be ADDRESS:PORT, or :PORT"
    if ":" in host and not re.fullmatch(r"\[[^\[\]]*\]", host):
        return "has too many colons: an IPv6 address stands in brackets"
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
    if host.startswith(":") or re.search(r"[\s{}<>^`|\\\"]", name):
        yield "C013", "error", ("http", "host"), "is no URL", f"{ENDS}; write https://NAME"


def _metrics(tree: Tree, major: int | None) -> Found:
    debug = tree_at(tree, "http", "debug")
    prometheus = tree_at(tree, "http", "debug", "prometheus")
    path = prometheus.get("path")
    served = debug.get("addr") and prometheus.get("enabled") is True and major != 2
    if served and isinstance(path, str) and path and not path.startswith("/"):
        severity: Severity = "error" if major else "warning"
        yield "C013", severity, ("http", "debug", "prometheus", "path"), "must begin with a slash", ENDS


def _tls(tree: Tree) -> Found:
    tls = tree_at(tree, "http", "tls")
    given = tree_at(tree, "http", "tls", "letsencrypt").get("cachefile")
    if tls.get("certificate") and not tls.get("key"):
        yield "C012", "error", ("http", "tls"), "has a certificate and no key", ENDS
    elif tls.get("certificate") and given:
        yield "C012", "error", ("http", "tls"), "has a certificate and letsencrypt, of which one is to be taken", ENDS
    known = (None, "", "tls1.0", "tls1.1", "tls1.2", "tls1.3")
    if (tls.get("certificate") or given) and tls.get("minimumtls") not in known:
        yield "C003", "error", ("http", "tls", "minimumtls"), "must be one of tls1.2, tls1.3", ENDS


def _log(tree: Tree) -> Found:
    form = tree_at(tree, "log").get("formatter")
    if isinstance(form, str | int | float) and str(form) not in {"", "text", "json", "logstash"}:
        yield "C003", "error", ("log", "formatter"), "must be one of text, json, logstash", ENDS


def _tags(tree: Tree) -> Found:
    most = tree_at(tree, "tags").get("maxtags")
    if isinstance(most, int | float) and -(2**31) <= most < 0:
        yield (
            "C003",
            "warning",
            ("tags", "maxtags"),
            "must not be negative: registry 3.1 ends at its start",
            "take it out",
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
                yield "C003", "error", key, "is no regular expression of Go's", ENDS


def _is_pattern(text: str) -> bool:
    """Nearly what Go takes: it has no look-around and no references; forms that it alone has are let pass."""
    if _NOT_GO.search(text):
        return False
    try:
        re.compile(re.sub(r"\\[pPzCQE](?:\{\^?\w+\}|[A-Z])?|\[\[:\^?\w+:\]\]|\(\?[a-zA-Z]*U[a-zA-Z]*\)", "", text))
    except re.error as error:
        return error.msg not in {
            "missing ), unterminated subpattern",
            "unterminated character set",
            "unbalanced parenthesis",
        }
    return True


def _auth(tree: Tree, major: int | None) -> Found:
    auth = tree.get("auth")
    given = {auth: {}} if isinstance(auth, str) else tree_at(tree, "auth")
    if len(given) > 1:
        text = f"must name exactly one access controller, not {' and '.join(given)}"
        yield "C012", "error", ("auth",), text, ENDS
        return
    for name, options in given.items():
        if name.lower() == "none":
            continue
        if name not in AUTH:
            near = get_close_matches(name, AUTH, 1)
            hint = f", did you mean '{near[0]}'?" if near else ""
            yield "C012", "error", ("auth", name), f"there is no access controller {name!r}{hint}", ENDS
            continue
        yield from _controller(name, options if isinstance(options, dict) else {}, major)
        if tree_at(tree, "proxy").get("remoteurl"):
            text = "dockerd sends no login to a mirror, so pulls would go past this cache"
            yield "C012", "warning", ("auth", name), text, "protect it by its network"


def _controller(name: str, options: Tree, major: int | None) -> Found:
    key: Key = ("auth", name)
    for wanted in AUTH[name]:
        value: Value = options.get(wanted)
        if not isinstance(value, str) or (wanted == "path" and not value):
            text = f"has no {wanted}" if value in (None, "") else f"has a {wanted} that is no text"
            yield "C012", "error", key, text, ENDS
    if name != "token":
        return
    if not options.get("rootcertbundle") and (major == 2 or not options.get("jwks")):
        text = "has no rootcertbundle" + ("" if major == 2 else " and no jwks")
        yield "C012", "error", key, text, ENDS
    elif not options.get("rootcertbundle") and major is None:
        yield "C012", "warning", key, "has no rootcertbundle, which registry 2 wants", ENDS
    if options.get("autoredirect", False) not in (True, False, "y", "Y", "n", "N"):
        yield "C012", "error", (*key, "autoredirect"), "must be true or false, without quotes", ENDS


def _middleware(tree: Tree, major: int | None) -> Found:
    for kind, known in _MIDDLEWARE.items():
        found = tree_at(tree, "middleware").get(kind)
        for index, one in enumerate(found if isinstance(found, list) else []):
            name = one.get("name") if isinstance(one, dict) else None
            key: Key = ("middleware", kind, index)
            if name not in known or (name == "rewrite" and major == 2):
                severity: Severity = "warning" if kind == "repository" else "error"  # built at the first request
                yield "C009", severity, key, f"there is no such middleware in the registry's own image: {name}", ENDS
                continue
            if name == "rewrite" and major is None:
                yield "C009", "warning", key, "registry 2 has no middleware rewrite", ENDS
            options = one.get("options") if isinstance(one, dict) else None
            for wanted in _WANTED[str(name)]:
                if not isinstance(options, dict) or not options.get(wanted):
                    yield "C009", "error", key, f"has no {wanted}", ENDS
            texts = {name: options.get(name) for name in _TEXTS} if isinstance(options, dict) else {}
            for option, value in texts.items():
                if value is not None and not isinstance(value, str):
                    yield "C009", "error", (*key, "options", option), "must be a text", ENDS
            base = options.get("baseurl") if isinstance(options, dict) else None
            if (
                name == "redirect"
                and isinstance(base, str)
                and base
                and not re.match(r"[A-Za-z][\w+.-]*://[^/?#]", base)
            ):
                yield "C009", "error", (*key, "options", "baseurl"), "must be a URL with scheme and host", ENDS
