"""Loads the files of the inventory as `model.Inventory`."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from runnerops.errors import InventoryError
from runnerops.inventory.hosts import finish
from runnerops.inventory.keys.complaints import check_shape
from runnerops.inventory.layers.combine import Part, combine
from runnerops.inventory.layers.document import Document, document
from runnerops.inventory.layers.drafts import Draft, draft
from runnerops.inventory.parse.nodes import parse
from runnerops.inventory.parse.text import decode
from runnerops.inventory.problems import Problems
from runnerops.inventory.rollout import rollout_of
from runnerops.inventory.sources import Source, Where, folder_of, name_of, read_sources
from runnerops.model.inventory import Inventory


def load(where: Where, contents: Mapping[Path, bytes] | None = None) -> Inventory:
    """The whole inventory, merged, checked and wired. Secrets are not resolved. `contents` has what files are going to
    contain.

    Raises UsageError if there is no file, and InventoryError with every problem that can be found at once.
    """
    merged = read_document(where, contents)
    drafts = drafts_of(merged)
    groups = {name: tuple(host.name for host in drafts if name in host.groups) for name in merged.groups}
    folder = folder_of(where)
    return Inventory(merged.file, finish(drafts, folder), groups, folder, merged.rollout)


def read_document(where: Where, contents: Mapping[Path, bytes] | None = None) -> Document:
    """The merged files, with our own keys checked. Raises as `load` does."""
    problems = Problems()
    sources = read_sources(where, contents or {})
    root = combine([_parse(source, len(sources) > 1 or bool(source.part), problems) for source in sources], problems)
    check_shape(root, problems)
    problems.stop()
    merged = document(root, name_of(where), problems)
    rollout = rollout_of(root, merged.hosts, problems)
    problems.stop()
    return replace(merged, rollout=rollout)


def _parse(source: Source, one_of_many: bool, problems: Problems) -> Part:
    file = str(source.path)
    root = parse(decode(source.content, file, problems), file, problems, may_be_empty=one_of_many)
    return Part(root, source.above)


def drafts_of(merged: Document) -> list[Draft]:
    """The drafts of all hosts, with their layers merged. Raises InventoryError."""
    problems = Problems()
    drafts: list[Draft] = []
    for name in merged.hosts:
        with contextlib.suppress(InventoryError):  # reported together with the problems of other hosts
            drafts.append(draft(merged, name, problems))
    problems.stop()
    return drafts
