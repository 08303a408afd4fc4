"""Where a runner belongs in GitLab: to a group, to projects, or to the whole instance. runnerops never moves a
runner.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from runnerops.gitlab.client import GitlabClient
from runnerops.model.gitlab import Place


def path_of(place: Place) -> str:
    """Returns the path of a group or project in the API."""
    return f"/{place.kind}s/{quote(str(place.of), safe='')}"


def elsewhere(client: GitlabClient, details: Mapping[str, Any], place: Place) -> str:
    """Returns where a runner with these details (`GET /runners/:id`) is, e.g. `group ci (42)`, if that is certainly not
    `place`; else an empty text. The token may not be able to see all groups and projects of the runner. Raises
    GitlabError.
    """
    kind = str(details.get("runner_type") or "").removesuffix("_type")
    owners = [
        entry for entry in details.get(f"{kind}s") or () if isinstance(entry, dict) and isinstance(entry.get("id"), int)
    ]
    actual_place = f"{kind} {', '.join(map(_name, owners))}".strip()
    if not kind or kind == place.kind == "instance":
        return ""
    if kind != place.kind:
        return actual_place
    if not owners or any(entry["id"] == place.of or _at(entry, place) for entry in owners):
        return ""
    if isinstance(place.of, str) and client.number(path_of(place)) in {entry["id"] for entry in owners}:
        return ""  # it is the same place under an earlier path
    return actual_place


def _name(entry: Mapping[str, Any]) -> str:
    return f"{entry.get('path_with_namespace') or entry.get('name') or ''} ({entry['id']})".strip()


def _at(entry: Mapping[str, Any], place: Place) -> bool:
    """Compares paths. For a group, GitLab gives only the address of its page."""
    path = str(entry.get("path_with_namespace") or "") or str(entry.get("web_url") or "").partition("/groups/")[2]
    return path.lower() == str(place.of).strip("/").lower()
