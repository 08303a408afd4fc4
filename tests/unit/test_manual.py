"""The manual and the messages of the program name only commands and flags that exist, and the manual all commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from runnerops.cli.group import NAMES, load_command
from tests.unit.source import MODULES, ROOT, nodes, text_of

PAGES = [ROOT.parent / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((ROOT.parent / "docs").glob("*.md"))
CALL = re.compile(r"(?m)(?:`|^\$ )runnerops ([a-z]+)([^`\n]*)")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
OF_OTHERS = {"--config-file", "--format", "--live-restore", "--prefix", "--validate"}
"""Flags of Docker, dockerd and npm."""


def flags_of(name: str) -> set[str]:
    """Those of a command, or of a group's commands."""
    command = load_command(name)
    commands = (command, *getattr(command, "commands", {}).values())
    return {flag for command in commands for param in command.params for flag in (*param.opts, *param.secondary_opts)}


FLAGS = {name: flags_of(name) | {"--help"} for name in NAMES}
FLAGS["plan"] = set()  # no command: `runnerops plan` is the format of a saved plan


def unknown(text: str) -> Iterator[str]:
    """Commands that do not exist, and flags that the command does not have. The rest after a `#` is a comment."""
    for name, rest in CALL.findall(text):
        yield from (f"{name} {flag}" for flag in FLAG.findall(rest.split(" #")[0]) if flag not in FLAGS.get(name, ()))
        if name not in FLAGS:
            yield name


def test_an_unknown_command_or_flag_in_a_text_is_found() -> None:
    assert list(unknown("`runnerops dif` `runnerops diff --kil-jobs`\n$ runnerops verify --quick --slow # --x")) == [
        *("dif", "diff --kil-jobs", "verify --slow"),
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_pages_name_commands_and_flags_that_exist(page: Path) -> None:
    text = page.read_text()
    assert list(unknown(text)) == []
    alone = {flag for span in re.findall(r"`(--[^`\n]+)`", text) for flag in FLAG.findall(span)}
    assert alone - set().union(*FLAGS.values()) - OF_OTHERS == set()


def test_messages_name_commands_and_flags_that_exist() -> None:
    texts = [text_of(node) for path in MODULES for node in nodes(path)]
    assert sum("`runnerops " in text for text in texts) > 50
    assert [name for text in texts for name in unknown(text)] == []


def test_the_manual_has_every_command() -> None:
    page = (ROOT.parent / "docs" / "commands.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if not re.search(rf"(?m)^\| .*`(?:runnerops )?{name}\b", page)] == []
