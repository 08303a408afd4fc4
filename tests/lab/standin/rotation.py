"""Automatic token rotation: the one case in which a running runner rewrites its config.toml."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .config import Config, short
from .gitlab import reset_token
from .log import log
from .save import save
from .version import since

FACTOR = 0.75
RETRY = timedelta(seconds=30)
_OFF = "FF_DISABLE_AUTOMATIC_TOKEN_ROTATION"
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


def is_due(runner: dict[str, Any]) -> bool:
    """Whether three quarters of the token's life are over."""
    expires = moment(runner.get("token_expires_at"))
    if expires == _NEVER or (since("17.0") and runner.get("feature_flags", {}).get(_OFF) is True):
        return False
    obtained = moment(runner.get("token_obtained_at"))
    return datetime.now(UTC) >= obtained + (expires - obtained) * FACTOR


def moment(value: object) -> datetime:
    """A time of the file, or of GitLab's answer."""
    if isinstance(value, str) and value:
        value = datetime.fromisoformat(value.replace("Z", "+00:00"))
    if not isinstance(value, datetime):
        return _NEVER
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def renewed(runner: dict[str, Any]) -> bool:
    """Whether GitLab gave it a new token, which it has then."""
    answer = reset_token(runner)
    if answer is None:
        log("error", "Resetting runner token... failed", runner=short(runner["token"]))
        return False
    log("info", "Resetting runner token... succeeded", runner=short(runner["token"]))
    runner["token"] = answer["token"]
    runner["token_obtained_at"] = datetime.now(UTC)
    runner["token_expires_at"] = moment(answer.get("token_expires_at"))
    return True


class Rotation:
    """Asks for new tokens when they are due, and saves."""

    def __init__(self, path: Path, user: str) -> None:
        self.path = path
        self.user = user
        self.not_before = _NEVER

    def interval(self, config: Config) -> float:
        """Seconds until it has to look again. Most runners have tokens without an end."""
        return 0.25 if any(moment(runner.get("token_expires_at")) != _NEVER for runner in config.runners) else 60

    def run(self, config: Config) -> None:
        """Rotate what is due now."""
        if datetime.now(UTC) < self.not_before:
            return
        for runner in [runner for runner in config.runners if is_due(runner)]:
            if renewed(runner):
                save(config, self.path, self.user)
            else:
                self.not_before = datetime.now(UTC) + RETRY
