"""Only the words of docs/glossary.md are used: former words are gone from names, codes and keys."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.source import MODULES, ROOT, name_of, nodes

WORDS = """
    settle settled owe owes owed strike struck unasked gentlest overtaken witnesses strangers sift todo undo blunt asked have
    want Edit Stop Owed Moves Given Mark Reach Turns Turn Going Patience Met Manner Chain Seen Standing Stands Scene Station
    trial proof proofs prove proven PROVE
"""
GONE = frozenset(WORDS.split())
GONE_TEXT = re.compile(
    r"needs-person|going-on|going_on|not-ours|host-edit|--prove-timeout|did not hold|a person has to look"
)


def names(path: Path) -> Iterator[str]:
    """What is defined or passed on by name."""
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.ClassDef):
            yield str(node.name)
        elif isinstance(node, ast.arg) or (isinstance(node, ast.keyword) and node.arg):
            yield str(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_no_name_has_a_retired_word() -> None:
    paths = [path for path in MODULES if "demo" not in path.relative_to(ROOT).parts]
    assert [f"{name_of(path)}: {name}" for path in paths for name in sorted(GONE.intersection(names(path)))] == []


@pytest.mark.parametrize("folder", ["runnerops", "docs", "README.md", "templates"])
def test_no_text_has_a_retired_word(folder: str) -> None:
    place = ROOT.parent / folder
    files = (
        [place]
        if place.is_file()
        else [path for path in place.rglob("*") if path.suffix in {".py", ".sh", ".md", ".j2"}]
    )
    assert files
    texts = [
        f"{path.relative_to(ROOT.parent)}: {match[0]}"
        for path in files
        for match in GONE_TEXT.finditer(path.read_text())
    ]
    assert texts == []


def test_hosts_keep_what_the_glossary_names() -> None:
    host = (ROOT / "remote" / "host.sh").read_text()
    assert re.findall(r"\b(?:owed|owe|strike|todo|undo)\b", host) == []
