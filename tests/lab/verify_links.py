"""The links that verify checks on a host, and those that it finds broken."""

from __future__ import annotations

import json
from typing import Any

from tests.lab.project import Project

ALL = [
    *("daemon", "mirror-loaded", "cache-running", "space", "answers-host", "answers-container", "upstream"),
    *("pull", "stored", "catalog"),
]
READ = ALL[:7]
"""What `--quick` can tell."""


def verify_checks(project: Project, *words: str, code: int | None = 0) -> list[dict[str, Any]]:
    """What verify says of its one host's links."""
    (host,) = json.loads(project.run("verify", "-o", "json", *words, code=code))["hosts"]
    entries: list[dict[str, Any]] = host["checks"]
    return entries


def links(project: Project, *words: str, code: int | None = 0) -> dict[str, dict[str, Any]]:
    """The same by name."""
    return {link["check"]: link for link in verify_checks(project, *words, code=code)}


def broken(project: Project, *words: str) -> dict[str, dict[str, Any]]:
    """The links that are broken, by name: each with its reason and its fix."""
    failed = {link["check"]: link for link in verify_checks(project, *words, code=1) if link["state"] == "fail"}
    assert all(link["reason"] and link["fix"] for link in failed.values()), failed
    return failed
