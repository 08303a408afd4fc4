"""Writes the inventory and its companion files, and the files of a new project. The only module here that writes."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from runnerops.adopt.templates import FOLDER as TEMPLATES
from runnerops.errors import RunneropsError
from runnerops.frozen import frozen
from runnerops.secrets.dotenv import line_of

_PRIVATE, _PLAIN = 0o600, 0o644


@frozen
class Files:
    """What an adoption writes: the inventory's content, secrets by variable, and the project's templates by name.

    `folder` gets everything but the inventory. By default it is the inventory's folder. `before` is what the inventory
    contained when `content` was made; `templates_before` is the same for templates.
    """

    inventory: Path
    content: bytes = field(repr=False)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    templates: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path | None = None
    templates_before: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    before: bytes | None = field(default=None, repr=False)


def write(files: Files) -> tuple[Path, ...]:
    """Writes each file whole, and returns their paths. Raises RunneropsError.

    `.env` is written after git ignores it. The inventory comes last, so that everything it refers to exists.
    """
    inventory = files.inventory
    folder = files.folder or inventory.parent
    staged: list[tuple[str, Path]] = []
    try:
        _check_unchanged(files, folder)
        templates = {folder / TEMPLATES / name: (text.encode(), _PLAIN) for name, text in files.templates.items()}
        contents = {**_beside(folder, files.variables), **templates, inventory: (files.content, _PLAIN)}
        if templates:
            (folder / TEMPLATES).mkdir(exist_ok=True)
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


def _check_unchanged(files: Files, folder: Path) -> None:
    """Raises RunneropsError if one of the files has changed since it was read, and OSError."""
    contents = {folder / TEMPLATES / name: files.templates_before.get(name, b"") for name in files.templates}
    if files.before is not None:
        contents[files.inventory] = files.before
    for path, before in contents.items():
        if (path.read_bytes() if path.exists() else b"") != before:
            raise RunneropsError(f"{path} was changed in the meantime: nothing was adopted", "type it again")


def _beside(folder: Path, variables: Mapping[str, str]) -> dict[Path, tuple[bytes, int]]:
    """Contents and modes of the companion files, if there are secrets."""
    env, ignore = folder / ".env", folder / ".gitignore"
    if not variables:
        return {}
    files = {} if _ignored(ignore) else {ignore: (_with_lines(ignore, [".env"]), _PLAIN)}
    return {**files, env: (_with_lines(env, _dotenv(variables)), _PRIVATE)}


def _dotenv(variables: Mapping[str, str]) -> list[str]:
    return [line_of(name, value) for name, value in variables.items()]


def _stage(path: Path, data: bytes, mode: int) -> str:
    """Writes a synced file beside `path`, with the mode of the old one. `.env` always becomes readable by its owner
    only.
    """
    real = path.resolve()
    handle, beside = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    try:
        _fill(handle, data)
        kept_mode = real.stat().st_mode & 0o777 if mode != _PRIVATE and real.exists() else mode
        Path(beside).chmod(kept_mode)
    except BaseException:  # such as a full disk or Ctrl-C
        Path(beside).unlink()
        raise
    return beside


def _fill(handle: int, data: bytes) -> None:
    with os.fdopen(handle, "wb") as target:
        target.write(data)
        target.flush()
        os.fsync(target.fileno())


def create(path: Path, text: str) -> bool:
    """Creates a new file, whole or not at all. Returns False and changes nothing if it exists. Raises OSError."""
    if os.path.lexists(path):
        return False
    data = text.encode()
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _fill(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PLAIN), data)
        try:
            os.link(beside, path)  # unlike a rename, it does not replace an existing file
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)
    return True


def _with_lines(path: Path, lines: Sequence[str]) -> bytes:
    old = path.read_bytes() if path.exists() else b""
    gap = b"" if not old or old.endswith(b"\n") else b"\n"
    return old + gap + "".join(f"{line}\n" for line in lines).encode()


def _ignored(path: Path) -> bool:
    """Whether git ignores `.env`. Of several matching lines the last one counts."""
    lines = (
        [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
        if path.exists()
        else []
    )
    about = [line for line in lines if line.removeprefix("!") in {".env", "/.env", "*.env", ".env*"}]
    return bool(about) and not about[-1].startswith("!")
