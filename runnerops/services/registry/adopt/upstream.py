"""The upstream of a running registry, its login, and how long content is kept, in the form of a section. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from runnerops.model.common import Value
from runnerops.patterns import late_pattern
from runnerops.services.registry.adopt.running import FoundRegistry, value_in_use
from runnerops.services.shared.upstreams import HUB_UPSTREAM

_HUB_PAGES = frozenset({"docker.io", "www.docker.com", "hub.docker.com", "index.docker.io", "registry.hub.docker.com"})
_DURATION = late_pattern(r"(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h))+")

Login = tuple[str | None, str | None]


def upstream_of(registry: FoundRegistry) -> str:
    """The URL without a login. If it names a page of Docker Hub, the URL that serves Docker Hub."""
    parts = urlsplit(_url(registry))
    if (parts.hostname or "") in _HUB_PAGES:
        return HUB_UPSTREAM
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def login_of(registry: FoundRegistry) -> Login:
    """The user and the password; none if one of them is missing, because the registry could not log in with the other
    alone.
    """
    user, password = _given_login(registry)
    return (user, password) if user and password else (None, None)


def ttl_of(registry: FoundRegistry) -> str | None:
    """How long content is kept; none if the registry itself could not read it."""
    text = _text(value_in_use(registry, ("proxy", "ttl")))
    return text if text and (text == "0" or _DURATION.fullmatch(text)) else None


def not_taken(registry: FoundRegistry) -> Iterator[str]:
    """A sentence for each of these that is left out of the section."""
    user, password = _given_login(registry)
    if bool(user) != bool(password):
        present, missing = ("user name", "password") if user else ("password", "user name")
        yield f"container {registry.name} has a {present} for its upstream but no {missing}: it is left out"
    if (text := _text(value_in_use(registry, ("proxy", "ttl")))) and ttl_of(registry) is None:
        reason = "which is not a duration with a unit (such as 168h)"
        yield f"container {registry.name} has a ttl of {text}, {reason}: it is left out"


def unusable(url: str) -> bool:
    """Whether the section cannot name this upstream."""
    try:
        parts = urlsplit(url)
        is_complete = parts.port != 0 and bool(parts.hostname) and not (parts.query or parts.fragment)
    except ValueError:
        return True
    return not is_complete or parts.scheme not in {"http", "https"} or not re.fullmatch(r"[!-~]+", url)


def _given_login(registry: FoundRegistry) -> Login:
    parts = urlsplit(_url(registry))
    user, password = (_text(value_in_use(registry, ("proxy", name))) for name in ("username", "password"))
    return user or parts.username, password or parts.password


def _url(registry: FoundRegistry) -> str:
    """As it stands there; nothing of one that no reader of URLs takes."""
    text = str(value_in_use(registry, ("proxy", "remoteurl"))).rstrip("/")
    try:
        urlsplit(text)
    except ValueError:
        return ""
    return text


def _text(value: Value) -> str | None:
    return None if value is None or not str(value).strip() else str(value)
