"""URLs in `registry-mirrors` that dockerd does not start with, or that lead to no mirror. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from runnerops.model.common import Key, Tree
from runnerops.model.facts import Facts
from runnerops.patterns import late_pattern
from runnerops.services.docker.schema.nested import Found, Severity
from runnerops.services.shared.upstreams import HUB, HUB_NAMES, served
from runnerops.services.shared.versions import version_of

_NOT_PLAIN = "is not a plain http or https URL"
_URL = late_pattern(
    r"https?://(?:[^/?#%\[\]\x00-\x20\x7f\\^`{|}]+|(?:[^/?#@]*@)?\[[0-9a-f:.]+(?:%25[^]%]+)?\](?::\d*)?)"
    r"(?:/(?:[^%?#\x00-\x1f\x7f]|%[0-9a-f]{2})*)?(?:[?#].*)?",
    re.IGNORECASE,
)
_INSIDE = late_pattern(r"(?:^|[\s:=])(https?://)([^\s/?#]+)[/\s]*$", re.IGNORECASE)
_SLIP = late_pattern(r"\s*(https?)\s*:?\s*/{1,3}\s*([^\s/:@]+(?::[0-9]+)?)/?\s*", re.IGNORECASE)
"""A URL with a sign too few or too many around its colon."""

_VARIABLE = late_pattern(r"\$[A-Za-z_{]|\{\{|<[^>]*>")


def mirrors(tree: Tree, facts: Facts | None) -> Found:
    """Checks each mirror."""
    urls = tree.get("registry-mirrors")
    version = version_of(facts.docker.version) if facts and facts.docker else None
    for index, url in enumerate(urls if isinstance(urls, list) else ()):
        key: Key = ("registry-mirrors", index)
        if not isinstance(url, str):
            continue
        problem = mirror_problem(url)
        if not problem and (useless := _no_use(url)):
            yield "D025", "warning", key, *useless
        elif problem and has_variable(url):
            text = f"{problem}: nothing is replaced in this file"
            yield "D005", "error", key, text, "write the mirror's own address: http://ADDRESS:PORT or https://NAME"
        elif problem:
            yield "D005", "error", key, problem, _url_of(url) or "write http://ADDRESS:PORT or https://NAME"
        elif "," in urlsplit(url).netloc:
            text = "holds two addresses, which lead to no mirror: each is an item of the list"
            severity: Severity = "error" if version and version < (25, 0) else "warning"  # what follows is a path
            yield "D005", severity, key, text, "write " + ", ".join(f'"{part.strip()}"' for part in url.split(","))
        elif has_variable(url):
            text = "is a placeholder, which leads to no mirror: nothing is replaced in this file"
            yield "D005", "warning", key, text, "write the mirror's own address: http://ADDRESS:PORT or https://NAME"
        elif urlsplit(url).path not in ("", "/") and (version is None or version < (25, 0)):
            message = "a mirror with a path is refused by dockerd before 25.0"
            yield "D006", "error" if version else "warning", key, message, "serve the cache at the root of its address"


def _no_use(url: str) -> tuple[str, str] | None:
    """Message and fix for a registry that is no mirror of Docker Hub: Docker Hub itself, or one with other images."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == HUB or host in HUB_NAMES:
        text = f"{host} is Docker Hub itself, which dockerd asks without a mirror too"
        return text, "take it out, or write the address of a cache, such as http://ADDRESS:5000"
    if served("", url) not in {"", HUB} and not host.endswith(".pkg.dev"):  # which may hold a mirror, at a path
        text = f"a mirror is asked only for images of Docker Hub, but {host} has other images"
        return text, "take it out: dockerd cannot have mirrors of other registries"
    return None


def has_variable(text: str) -> bool:
    """Whether a text has a variable of a shell or a template, or a placeholder like `<name>`."""
    return _VARIABLE.search(text) is not None


def mirror_problem(url: str) -> str:
    """Why dockerd does not accept `url` as a mirror; empty if it does. Go's parser decides about characters."""
    form = _URL.fullmatch(url)
    try:
        parts = urlsplit(url)
        sound = form is not None and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return _NOT_PLAIN
    if not sound:
        return _NOT_PLAIN
    if "@" in parts.netloc:
        return "has a user or password, which dockerd does not accept for a mirror"
    return "has a query or a fragment" if parts.query or parts.fragment else ""


def _url_of(text: str) -> str:
    """What to write for a name or address that only lacks its scheme, or for a URL with a space, a login or a word
    before it; empty for anything else.
    """
    if text.startswith("//"):
        return _url_of(text.strip("/"))
    if text[:4].lower() == "http" and (plain := re.split("[?#]", text)[0]) != text and not mirror_problem(plain):
        return f"write {plain}"
    if (match := _SLIP.fullmatch(text)) and not mirror_problem(intended := f"{match[1].lower()}://{match[2]}"):
        return f"write {intended}"
    if match := _INSIDE.search(text):
        intended = f"{match[1]}{match[2].rpartition('@')[2]}"
        return f"write {intended}" if intended != text and not mirror_problem(intended) else ""
    if not text or "://" in text or mirror_problem(f"http://{text}"):
        return ""
    return f"write http://{text}" if ":" in text else f"write https://{text}, or http://{text} if it has no TLS"
