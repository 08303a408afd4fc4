"""The code of shipped templates is kept in files, and only used where it is that of the template."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader

from runnerops.render.compiled import CompiledTemplates


class Counting(Environment):
    """Knows which templates it has compiled."""

    compiled: Sequence[str] = ()

    def compile(self, source: Any, name: Any = None, *more: Any, **named: Any) -> Any:
        """As any environment."""
        self.compiled = (*self.compiled, name)
        return super().compile(source, name, *more, **named)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of shipped templates. Code is kept below another one."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "kept"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "shipped").mkdir()
    (tmp_path / "shipped/a.yml.j2").write_text("one {{ x }}")
    return tmp_path / "shipped"


def opened(folder: Path, own: Path | None = None) -> Counting:
    """As a new process would."""
    shipped = FileSystemLoader(folder)
    loaders = [FileSystemLoader(own or folder / "none"), shipped, PrefixLoader({"shipped": shipped})]
    return Counting(loader=ChoiceLoader(loaders), bytecode_cache=CompiledTemplates(folder))


def compiled_files(folder: Path) -> list[Path]:
    return [path for path in (folder.parent / "kept").rglob("*") if path.is_file()]


def test_a_shipped_template_is_compiled_once(folder: Path) -> None:
    for compiled in (("a.yml.j2",), (), ()):
        environment = opened(folder)
        assert environment.get_template("a.yml.j2").render(x=1) == "one 1"
        assert environment.compiled == compiled
    assert [path.name for path in compiled_files(folder)] == [f"a.yml.j2.{sys.implementation.cache_tag}.pyc"]


def test_a_template_that_changed_is_compiled_again(folder: Path) -> None:
    opened(folder).get_template("a.yml.j2")
    (folder / "a.yml.j2").write_text("two {{ x }}")
    assert opened(folder).get_template("a.yml.j2").render(x=1) == "two 1"


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xe9\x00", b"N", b"[\x00\x00\x00\x00"])
def test_a_file_that_is_no_code_is_replaced(folder: Path, content: bytes) -> None:
    opened(folder).get_template("a.yml.j2")
    (file,) = compiled_files(folder)
    file.write_bytes(content)
    assert opened(folder).get_template("a.yml.j2").render(x=1) == "one 1"
    assert len(file.read_bytes()) > 100


def test_where_nothing_may_be_written_all_works_as_well(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.parent / "kept").write_text("a file in place of the folder")
    assert opened(folder).get_template("a.yml.j2").render(x=1) == "one 1"
    (folder.parent / "kept").unlink()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert opened(folder).get_template("a.yml.j2").render(x=1) == "one 1"
    assert compiled_files(folder) == []


def test_only_shipped_templates_are_kept(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "a.yml.j2").write_text("mine: {% include 'shipped/a.yml.j2' %}")
    for compiled in (2, 1, 1):
        environment = opened(folder, own)
        assert environment.get_template("a.yml.j2").render(x=1) == "mine: one 1"
        assert len(environment.compiled) == compiled
    assert opened(folder).get_template("a.yml.j2").render(x=1) == "one 1"
    assert len(compiled_files(folder)) == 1
