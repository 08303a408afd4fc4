"""Which release this stands in for: the file `version` beside the package says, as the lab wrote it."""

from __future__ import annotations

from pathlib import Path

_FILE = Path(__file__).parent.with_name("version")
RELEASE = (_FILE.read_text().strip() if _FILE.exists() else "") or "19.3.0"
VERSION = f"{RELEASE}-stand-in"


def since(release: str) -> bool:
    """Whether this has what came with that release."""
    return numbers(RELEASE) >= numbers(release)


def numbers(release: str) -> list[int]:
    """To compare with."""
    return [int(part) for part in release.split(".")]
