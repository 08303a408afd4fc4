"""The inventory and what goes with it, and the files of a new project. The only module here that writes."""

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
    """What an adoption writes: the inventory's content; secrets by variable; the project's own templates by name.

    `folder`, which is the inventory's own by default, gets all but the inventory. `before`: what that held when `content`
    was made of it; `templates_before`: the same of the templates that were there.
    """

    inventory: Path
    content: bytes = field(repr=False)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    templates: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path | None = None
    templates_before: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    before: bytes | None = field(default=None, repr=False)


def write(files: Files) -> tuple[Path, ...]:
    """The files that were written, each whole. Raises RunneropsError.

    `.env` comes when git ignores it, and the inventory last: what it names is there by then.
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
    """Raises RunneropsError where somebody has written one of them since it was read, and OSError."""
    read = {folder / TEMPLATES / name: files.templates_before.get(name, b"") for name in files.templates}
    if files.before is not None:
        read[files.inventory] = files.before
    for path, before in read.items():
        if (path.read_bytes() if path.exists() else b"") != before:
            raise RunneropsError(f"{path} was changed in the meantime: nothing was adopted", "type it again")


def _beside(folder: Path, variables: Mapping[str, str]) -> dict[Path, tuple[bytes, int]]:
    """Contents and modes of the other files, where there are secrets."""
    env, ignore = folder / ".env", folder / ".gitignore"
    if not variables:
        return {}
    found = {} if _ignored(ignore) else {ignore: (_with_lines(ignore, [".env"]), _PLAIN)}
    return {**found, env: (_with_lines(env, _dotenv(variables)), _PRIVATE)}


def _dotenv(variables: Mapping[str, str]) -> list[str]:
    return [line_of(name, value) for name, value in variables.items()]


def _stage(path: Path, data: bytes, mode: int) -> str:
    """A file beside it, with the mode that the old one has, synced; `.env` is its owner's alone whatever it was."""
    real = path.resolve()
    handle, beside = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    try:
        _fill(handle, data)
        kept = real.stat().st_mode & 0o777 if mode != _PRIVATE and real.exists() else mode
        Path(beside).chmod(kept)
    except BaseException:  # a full disk, Ctrl-C
        Path(beside).unlink()
        raise
    return beside


def _fill(handle: int, data: bytes) -> None:
    with os.fdopen(handle, "wb") as target:
        target.write(data)
        target.flush()
        os.fsync(target.fileno())


def create(path: Path, text: str) -> bool:
    """A new file, there whole or not at all; False where there is one already, which stays. Raises OSError."""
    if os.path.lexists(path):
        return False
    data = text.encode()
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _fill(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PLAIN), data)
        try:
            os.link(beside, path)  # unlike a rename it takes no other's place
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
    """Whether git passes `.env` over: of several lines about it the last one counts."""
    lines = [line.strip() for line in path.read_text(errors="replace").splitlines()] if path.exists() else []
    about = [line for line in lines if line.removeprefix("!") in {".env", "/.env", "*.env", ".env*"}]
    return bool(about) and not about[-1].startswith("!")
