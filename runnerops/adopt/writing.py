"""The inventory, `.env` and `.gitignore` written: all of them, or none. The only module here that writes."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from runnerops.errors import RunneropsError
from runnerops.secrets.dotenv import line_of

_PRIVATE, _PLAIN = 0o600, 0o644


def write(
    inventory: Path, content: bytes, variables: Mapping[str, str], folder: Path | None = None
) -> tuple[Path, ...]:
    """The files that were written, the inventory last: what it names is there by then. Raises RunneropsError.

    `folder`, which is the inventory's own by default, gets `.env` and `.gitignore`.
    """
    folder = folder or inventory.parent
    staged: list[tuple[str, Path]] = []
    try:
        contents = {**_beside(folder, variables), inventory: (content, _PLAIN)}
        for path, (data, mode) in contents.items():
            staged.append((_stage(path, data, mode), path))
        for beside, path in staged:
            Path(beside).replace(path.resolve())
    except OSError as error:
        raise RunneropsError(
            f"{error.filename or folder}: {error.strerror}", "nothing was adopted: make it writable"
        ) from None
    finally:
        for beside, _ in staged:
            with contextlib.suppress(OSError):
                Path(beside).unlink()
    return tuple(contents)


def _beside(folder: Path, variables: Mapping[str, str]) -> dict[Path, tuple[bytes, int]]:
    """Contents and modes of the other files, where there are secrets."""
    env, ignore = folder / ".env", folder / ".gitignore"
    if not variables:
        return {}
    found = {env: (_with_lines(env, _dotenv(variables)), _PRIVATE)}
    return found if _ignored(ignore) else {**found, ignore: (_with_lines(ignore, [".env"]), _PLAIN)}


def _dotenv(variables: Mapping[str, str]) -> list[str]:
    return [line_of(name, value) for name, value in variables.items()]


def _stage(path: Path, data: bytes, mode: int) -> str:
    """A file beside it, with the mode that the old one has, synced; `.env` is its owner's alone whatever it was."""
    real = path.resolve()
    handle, beside = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    with os.fdopen(handle, "wb") as target:
        target.write(data)
        target.flush()
        os.fsync(target.fileno())
    kept = real.stat().st_mode & 0o777 if mode != _PRIVATE and real.exists() else mode
    Path(beside).chmod(kept)
    return beside


def _with_lines(path: Path, lines: Sequence[str]) -> bytes:
    old = path.read_bytes() if path.exists() else b""
    gap = b"" if not old or old.endswith(b"\n") else b"\n"
    return old + gap + "".join(f"{line}\n" for line in lines).encode()


def _ignored(path: Path) -> bool:
    words = path.read_text(errors="replace").split() if path.exists() else []
    return any(word in {".env", "/.env", "*.env", ".env*"} for word in words)
