"""The severity of findings that depend on dockerd's version. Pure."""

from __future__ import annotations

from typing import Literal

from runnerops.services.docker.schema.nested import Severity
from runnerops.services.shared.versions import Version, version_of


def since(release: str, version: Version | None) -> Severity | Literal[""]:
    """The severity of what dockerd refuses from a release on; empty where the version is older."""
    if version is None:
        return "warning"
    return "error" if version >= (version_of(release) or version) else ""


def before(release: str, version: Version | None) -> Severity | Literal[""]:
    """The severity of what dockerd refuses up to a release; empty where the version is that one or newer."""
    if version is None:
        return "warning"
    return "error" if version < (version_of(release) or version) else ""
