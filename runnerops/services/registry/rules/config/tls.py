"""Checks TLS of a registry, which it loads before it listens. Pure.

Source: `ListenAndServe` in distribution's `registry/registry.go`, 2.8 and 3.1. What a file on the host holds is not judged.
"""

from __future__ import annotations

from runnerops.model.common import Key, Tree
from runnerops.parsing.near import near_fix
from runnerops.services.registry.rules.found import ENDS, Found, One, is_set, only, tree_at
from runnerops.services.registry.schema.serving import CIPHERS, CIPHERS_OF_2

_LEVELS = ("tls1.2", "tls1.3")
_LEVELS_OF_2 = ("tls1.0", "tls1.1")


def tls_rules(tree: Tree, major: int) -> Found:
    """Runs all rules on `http.tls`."""
    tls = tree_at(tree, "http", "tls")
    cached = tree_at(tree, "http", "tls", "letsencrypt").get("cachefile")
    if not is_set(tls.get("certificate")) and not is_set(cached):
        yield from _without_tls(tls)
        return
    if is_set(tls.get("certificate")) and is_set(cached):
        yield (
            "C012",
            "error",
            ("http", "tls"),
            f"has both a certificate and letsencrypt, but only one is allowed: {ENDS}",
            "take one of them out",
        )
    elif not is_set(cached) and not is_set(tls.get("key")):
        yield "C012", "error", ("http", "tls"), f"has a certificate but no key: {ENDS}", "add key: /PATH"
    yield from _level(tls, major)
    yield from _ciphers(tls, major)
    authorities = tls.get("clientcas")
    for index, path in enumerate(authorities if isinstance(authorities, list) else []):
        if not is_set(path):
            yield "C012", "error", ("http", "tls", "clientcas", index), f"names no file: {ENDS}", "take it out"


def _without_tls(tls: Tree) -> Found:
    """Settings of TLS that the registry does not read, because it has neither a certificate nor a place for one."""
    text = "the registry answers by http, without TLS"
    if tls.get("letsencrypt"):
        fix = "add cachefile: /PATH, where it keeps the certificate"
        yield "C012", "warning", ("http", "tls", "letsencrypt"), f"has no cachefile: {text}", fix
    elif is_set(tls.get("key")):
        yield "C012", "warning", ("http", "tls"), f"has a key but no certificate: {text}", "add certificate: /PATH"


def _level(tls: Tree, major: int) -> Found:
    key: Key = ("http", "tls", "minimumtls")
    level = str(_LEVELS[0] if not is_set(tls.get("minimumtls")) else tls.get("minimumtls"))
    text = f"must be one of {', '.join(_LEVELS)}"
    if level in _LEVELS_OF_2:
        yield from only(3, major, [("C003", "error", key, f"{text}: {ENDS}", "")])
    elif level not in _LEVELS:
        yield "C003", "error", key, f"{text}: {ENDS}", ""


def _ciphers(tls: Tree, major: int) -> Found:
    suites = tls.get("ciphersuites")
    unread = tls.get("minimumtls") == "tls1.3"  # by registry 3
    for index, name in enumerate(suites if isinstance(suites, list) else []):
        key: Key = ("http", "tls", "ciphersuites", index)
        if isinstance(name, dict | list):
            continue
        if name in CIPHERS_OF_2 and not unread:
            yield from only(
                3,
                major,
                [("C003", "error", key, f"is a cipher suite that registry 3 has no more: {ENDS}", "take it out")],
            )
        elif name not in CIPHERS | CIPHERS_OF_2:
            text = f"is no cipher suite that the registry knows: {ENDS}"
            finding: One = ("C003", "error", key, text, near_fix(str(name), CIPHERS) or "take it out")
            yield from only(2, major, [finding]) if unread else [finding]
