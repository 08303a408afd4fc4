"""Which `[[runners]]` of two config.toml are one and the same runner. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias
from urllib.parse import urlsplit, urlunsplit

from runnerops.model.common import Tree, Value

Tell: TypeAlias = Callable[[Tree], object]
"""What a runner is known by; None where it has no such thing."""


def match(observed: Sequence[Tree], desired: Sequence[Tree]) -> dict[int, int]:
    """For each wanted runner, by index, the one it is on the host: its equal, else by token, id, or name and url.

    Several may share a token: then the name tells them apart, and where they share that too, their order.
    """
    partners: dict[int, int] = {}
    for tell, in_order in ((_by_all, True), (_by_both, True), (_by_token, True), (_by_id, False), (_by_name, False)):
        for index, runner in enumerate(desired):
            identity = tell(runner)
            if index in partners or identity is None:
                continue
            free = [
                other
                for other in range(len(observed))
                if other not in partners.values() and tell(observed[other]) == identity
            ]
            if len(free) == 1 or (free and in_order):
                partners[index] = free[0]
    return partners


def rivals(observed: Sequence[Tree], runner: Tree) -> list[int]:
    """Those on the host that have this runner's name and url: more than one, and nobody can tell which it is."""
    return [index for index, other in enumerate(observed) if _by_name(other) == _by_name(runner)]


def _by_all(runner: Tree) -> object:
    return runner


def _by_both(runner: Tree) -> object:
    return (runner["token"], _by_name(runner)) if runner.get("token") else None


def _by_token(runner: Tree) -> object:
    return runner.get("token") or None


def _by_id(runner: Tree) -> object:
    """An id is GitLab's own: two GitLabs may give the same."""
    return (runner["id"], normal_url(runner.get("url"))) if runner.get("id") else None


def _by_name(runner: Tree) -> object:
    return runner.get("name"), normal_url(runner.get("url"))


def normal_url(url: Value) -> Value:
    """Scheme and host in lower case, no slash at the end."""
    if not isinstance(url, str):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit((parts.scheme, f"{user}{at}{host.lower()}", parts.path.rstrip("/"), parts.query, parts.fragment))
