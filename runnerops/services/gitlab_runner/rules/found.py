"""What a rule on config.toml yields. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from runnerops.model.common import Key
from runnerops.services.gitlab_runner.version import Version, version_of

Severity: TypeAlias = Literal["error", "warning", "info"]

One: TypeAlias = "tuple[str, Severity, Key, str, str]"
"""Rule, severity, key, message, fix."""

Found: TypeAlias = "Iterator[One]"


def since(release: str, version: Version) -> Severity | Literal[""]:
    """The severity of what the runner refuses from a release on; empty where the version is older."""
    if not version:
        return "warning"
    return "error" if version >= version_of(release) else ""
