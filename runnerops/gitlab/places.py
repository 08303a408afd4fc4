"""Where a runner is in GitLab: of a group, of projects, or of the whole instance. None is ever moved from one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from runnerops.gitlab.client import GitlabClient
from runnerops.model.gitlab import Place


def path_of(place: Place) -> str:
    """By which the API names a group or project."""
    return f"/{place.kind}s/{quote(str(place.of), safe='')}"


def elsewhere(client: GitlabClient, details: Mapping[str, Any], place: Place) -> str:
    """Where a runner with these details (`GET /runners/:id`) is, e.g. `group ci (42)`, if that is surely not `place`; else
    nothing. The token may not see all of its groups and projects. Raises GitlabError.
    """
    kind = str(details.get("runner_type") or "").removesuffix("_type")
    found = [one for one in details.get(f"{kind}s") or () if isinstance(one, dict) and isinstance(one.get("id"), int)]
    there = f"{kind} {', '.join(map(_name, found))}".strip()
    if not kind or kind == place.kind == "instance":
        return ""
    if kind != place.kind:
        return there
    if not found or any(one["id"] == place.of or _at(one, place) for one in found):
        return ""
    if isinstance(place.of, str) and client.number(path_of(place)) in {one["id"] for one in found}:
        return ""  # by a path that it had before
    return there


def _name(one: Mapping[str, Any]) -> str:
    return f"{one.get('path_with_namespace') or one.get('name') or ''} ({one['id']})".strip()


def _at(one: Mapping[str, Any], place: Place) -> bool:
    """By its path; of a group GitLab says no more than its page."""
    path = str(one.get("path_with_namespace") or "") or str(one.get("web_url") or "").partition("/groups/")[2]
    return path.lower() == str(place.of).strip("/").lower()
