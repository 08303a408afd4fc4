"""The files of an inventory: one file, several files, or folders. The only module here that reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TypeAlias

from runnerops.errors import UsageError
from runnerops.frozen import frozen
from runnerops.parsing.near import did_you_mean
from runnerops.reading import read_bytes

Where: TypeAlias = "Path | Sequence[Path]"
"""The arguments of `-i`: files or folders."""

PARTS = ("groups", "hosts")
"""Folders of an inventory in which each file has one group or one host, named after the file."""

_ENDINGS = (".yml", ".yaml")
_READABLE = "make it readable, or name another inventory: `-i PATH`"


@frozen
class Source:
    """One file. `part` is `groups` or `hosts` if the file has the content of one entry there; empty for a whole
    inventory.
    """

    path: Path
    content: bytes = field(repr=False)
    part: str = ""

    @property
    def above(self) -> tuple[str, ...]:
        """The place of its content in the inventory: `("hosts", "runner-1")`; empty for a whole inventory."""
        return _above(self.path, self.part)


def paths_of(where: Where) -> tuple[Path, ...]:
    """The paths to read. A folder `inventory` is used if `inventory.yml` does not exist."""
    paths = (where,) if isinstance(where, Path) else tuple(where)
    if len(paths) == 1 and not paths[0].exists() and paths[0].with_suffix("").is_dir():
        return (paths[0].with_suffix(""),)
    return paths


def folder_of(where: Where) -> Path:
    """The folder that is *beside the inventory*: the one that contains the first of its files or folders."""
    return paths_of(where)[0].parent


def exists(where: Where) -> bool:
    """Whether there is anything to read."""
    return any(path.exists() for path in paths_of(where))


def name_of(where: Where) -> str:
    """The name of the inventory in a message."""
    return ", ".join(map(str, paths_of(where)))


def read_sources(where: Where, contents: Mapping[Path, bytes]) -> tuple[Source, ...]:
    """Every file, once, in order. `contents` has what some files are going to contain. Raises UsageError."""
    return tuple(
        Source(file, contents[file] if file in contents else _read(file), part) for file, part in _files(where).items()
    )


def files_of(where: Where) -> tuple[tuple[Path, tuple[str, ...]], ...]:
    """Every file, each with the place of its content in the inventory. Raises UsageError."""
    return tuple((file, _above(file, part)) for file, part in _files(where).items())


def _above(file: Path, part: str) -> tuple[str, ...]:
    return (part, file.stem) if part else ()


def _files(where: Where) -> dict[Path, str]:
    part_by_file: dict[Path, str] = {}
    for path in paths_of(where):
        try:
            files = [*_whole(path), *_parts(path)] if path.is_dir() else [(path, "")]
        except OSError as error:  # a folder that this user may not read
            raise UsageError(f"{error.filename or path}: {error.strerror}", _READABLE) from None
        if not files:
            hint = "it should contain *.yml, groups/NAME.yml or hosts/NAME.yml; or name a file: `-i FILE`"
            raise UsageError(f"{path}: this folder contains no inventory", hint)
        for file, part in files:
            part_by_file.setdefault(file, part)
    return part_by_file


def _whole(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.iterdir()):
        if _is_yaml(path):
            yield path, ""
        elif path.is_dir() and path.name not in PARTS and (near := did_you_mean(path.name, PARTS)):
            raise UsageError(f"{path}: not a part of an inventory{near}", "its folders are `groups` and `hosts`")


def _parts(folder: Path) -> Iterator[tuple[Path, str]]:
    for part in PARTS:
        yield from ((path, part) for path in sorted(_below(folder / part)) if _is_yaml(path))


def _below(folder: Path) -> Iterator[Path]:
    """Everything in a folder and the folders in it. Raises OSError for one that may not be read, as `rglob` does not:
    without its hosts and groups, the inventory would be another one.
    """
    if folder.is_dir():
        for path in folder.iterdir():
            yield path
            if not path.is_symlink():
                yield from _below(path)


def _is_yaml(path: Path) -> bool:
    return path.suffix in _ENDINGS and not path.name.startswith(".") and path.is_file()


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except FileNotFoundError:
        hint = "run this where the inventory is, or name one: `-i FILE`; `runnerops init` writes a new one"
        raise UsageError(f"{path}: no such inventory", hint) from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", _READABLE) from None
