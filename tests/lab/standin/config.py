"""config.toml, as it is loaded: leniently, unknown keys ignored."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from .log import log

SHUTDOWN_TIMEOUT = 30
CHECK_INTERVAL = 3


class BadConfigError(Exception):
    """The file cannot be loaded; the text is the reason."""


class Config:
    """What was loaded. Unknown keys are ignored; known ones must have their type."""

    def __init__(self, tree: dict[str, Any], mtime: int) -> None:
        self.tree = tree
        self.mtime = mtime
        self.concurrent = typed(tree, "concurrent", int, 1)
        self.check_interval = typed(tree, "check_interval", int, 0) or CHECK_INTERVAL
        self.log_level = typed(tree, "log_level", str, "")
        self.listen_address = typed(tree, "listen_address", str, "")
        self.shutdown_timeout = typed(tree, "shutdown_timeout", int, 0) or SHUTDOWN_TIMEOUT
        self.runners = typed(tree, "runners", list, [])
        for runner in self.runners:
            if not isinstance(runner, dict):
                raise BadConfigError("type mismatch for common.Config: expected table but found other")
            for key in ("name", "url", "token", "executor"):
                typed(runner, key, str, "")


def typed(tree: dict[str, Any], key: str, kind: type, default: Any) -> Any:
    """The value of a key, of that type."""
    value = tree.get(key, default)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        raise BadConfigError(f"toml: incompatible types: TOML value has type {type(value).__name__}; key {key}")
    return value


def load(path: Path) -> Config:
    """The file's configuration; the defaults where there is no file."""
    try:
        mtime = path.stat().st_mtime_ns
    except FileNotFoundError:
        return Config({}, 0)
    except OSError as error:
        raise BadConfigError(f"stat {path}: {error.strerror}") from error
    try:
        return Config(tomllib.loads(path.read_text()), mtime)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfigError(f"toml: {error}") from error
    except OSError as error:
        raise BadConfigError(f"open {path}: {error.strerror}") from error


def ensure_system_id(folder: Path) -> str:
    """The content of .runner_system_id beside the configuration, made when it is missing."""
    path = folder / ".runner_system_id"
    if path.exists():
        return path.read_text().strip()
    import hashlib  # with `hmac` and `secrets` slow to load, and needed once in a host's life
    import hmac
    import secrets
    import string

    try:
        machine = Path("/etc/machine-id").read_text().strip().encode()
        system_id = "s_" + hmac.new(machine, b"gitlab-runner", hashlib.sha256).hexdigest()[:12]
    except OSError:
        system_id = "r_" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(12))
    log("info", "Created missing unique system ID", system_id=system_id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(system_id)
    path.chmod(0o600)
    return system_id


def short(token: str) -> str:
    """The part of a token that logs, metrics and container labels show."""
    return token.removeprefix("glrt-")[:9]
