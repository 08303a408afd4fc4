"""From the inventory's file to `model.Inventory`. The only module here that reads a file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from runnerops.errors import UsageError
from runnerops.inventory.document import Document, document
from runnerops.inventory.nodes import parse
from runnerops.inventory.problems import Problems
from runnerops.inventory.text import decode
from runnerops.model.inventory import Inventory

if TYPE_CHECKING:
    from runnerops.inventory.drafts import Draft

_PLUGINS = "PYDANTIC_DISABLE_PLUGINS"


def load(path: Path, content: bytes | None = None) -> Inventory:
    """The whole inventory, merged, checked and wired; secrets stay unresolved. `content`: what the file is going to hold.

    Raises UsageError where there is no file, InventoryError with every problem that can be told in one go.
    """
    from runnerops.inventory.hosts import finish  # noqa: PLC0415  brings pydantic, slow to import

    read = read_document(path, content)
    drafts = drafts_of(read)
    groups = {name: tuple(one.name for one in drafts if name in one.groups) for name in read.groups}
    return Inventory(str(path), finish(drafts, path.parent), groups)


def read_document(path: Path, content: bytes | None = None) -> Document:
    """The file, its own keys checked. Raises as `load` does."""
    with _no_plugins():
        from runnerops.inventory.complaints import check_shape  # noqa: PLC0415  brings pydantic

    problems = Problems()
    file = str(path)
    root = parse(decode(_read(path) if content is None else content, file, problems), file, problems)
    check_shape(root, problems)
    problems.stop()
    return document(root, file, problems)


def drafts_of(read: Document) -> list[Draft]:
    """Every host merged. Raises InventoryError."""
    from runnerops.inventory.drafts import draft  # noqa: PLC0415  brings pydantic

    problems = Problems()
    drafts = [draft(read, name, problems) for name in read.hosts]
    problems.stop()
    return drafts


@contextlib.contextmanager
def _no_plugins() -> Iterator[None]:
    """Other packages' pydantic plugins neither see these models nor cost the time to look for them."""
    before = os.environ.get(_PLUGINS)
    os.environ[_PLUGINS] = "__all__"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_PLUGINS]
        else:
            os.environ[_PLUGINS] = before


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        hint = "run this where the inventory is, or name one: `-i FILE`"
        raise UsageError(f"{path}: no such inventory", hint) from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", "name the inventory's file: `-i FILE`") from None
