"""The version of a gitlab-runner, in a form that compares. Pure."""

from __future__ import annotations

from typing import TypeAlias

from runnerops.services.shared import versions

Version: TypeAlias = "tuple[int, ...]"
"""Major and minor version; empty if it is not known, which compares as older than all."""


def version_of(text: str) -> Version:
    """Major and minor version of a text like `17.5.3`."""
    return versions.version_of(text) or ()
