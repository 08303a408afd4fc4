"""The command line through typer's own runner: bad values of every flag, help, and messages."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from runnerops import cli
from runnerops.cli import app
from runnerops.cli.group import NAMES, load_command
from runnerops.report.screen import Screen

COMMANDS = {name: load_command(name) for name in NAMES}
ARGUMENTS = {"check": [], "explain": ["data-root"], "history": ["h"], "remove": ["h"], "rollback": ["h"]}
ARGUMENTS["trust"] = ["h"]
ARGUMENTS["gitlab"] = ["comment"]
ARGUMENTS["abort"] = ["h"]
ARGUMENTS["hold"] = ["h", "--reason=x"]
ARGUMENTS["release"] = ["h"]
ARGUMENTS["init"] = ["new", "--host=root@h.example"]
BAD = {
    "--output": ["xml", "", "JSON "],
    "--allow": ["", "nonsense", "data-rot", "jobs-running", "port-taken", "@host", "data-root@", "data-root@hh"],
    "--health": ["", "yes", "Verify"],
    "--only": ["", "dockerd", "registry,docker", "Docker"],
    "--drain-timeout": ["abc", "", "0", "-1", "1.5h", "5 m", "1d"],
    "--verify-timeout": ["abc", "", "0", "-1"],
    "--lock-wait": ["abc", "", "0", "-1"],
    "--canary": ["", "no-such-host"],
    "--pause": ["abc", "", "0"],
    "--batch": ["abc", "", "0", "0%", "101%", "-1", "2.5"],
    "--max-failures": ["abc", "", "0", "-1"],
    "--report": ["", "junit", "xml=x"],
    "--to": ["abc", "", "-1", "1.5"],
    "--as": ["toml", "Runner"],
    "--inventory": ["no-such-inventory.yml"],
    "--image": ["", "-"],
    "--explain": ["no-such-host"],
    "--host": ["", "@", "root@h:x", "a b=root@h"],
    "--adopt": ["", "@"],
    "--from-ansible": ["", "no-such-file", "."],
    "--gitlab": ["gitlab.example.com", "ftp://h", "http://[", "https://me:pw@h"],
    "--save-plan": ["", "."],
    "--plan": ["", ".", "no-such-file"],
    "--plan-age": ["", "0", "soon", "-1"],
    "--reason": ["", " "],
    "--until": ["soon", "0", "2001-01-01 10:00"],
}
LONG = "n" * 256
"""A name that no file can have."""
for flag in ("--inventory", "--from-ansible", "--save-plan", "--plan"):
    BAD[flag].append(LONG)
for flag in ("--inventory", "--from-ansible", "--plan"):
    BAD[flag].append("/dev/zero")
BAD["--directory"] = [LONG]
FREE = {"--fingerprint", "--group", "--name"}
"""Flags that take any text."""


def flags(name: str) -> Iterator[str]:
    """Those of a command that take a value, by their long name."""
    for param in COMMANDS[name].params:
        if param.param_type_name == "option" and not (param.is_flag or param.count) and param.name != "help":
            yield max(param.opts, key=len)


@pytest.mark.parametrize("words", [["init", LONG, "--host=root@h"], ["gitlab", "comment", LONG], ["check", LONG]])
def test_an_argument_that_can_be_no_file_is_usage(words: list[str]) -> None:
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, "File name too long" in " ".join(result.output.split())) == (2, True), result.output


@pytest.mark.parametrize(
    ("locked", "inside"), [("", ""), ("", "inventory.yml"), ("hosts", ""), ("groups", ""), ("hosts/eu", "")]
)
def test_an_inventory_of_somebody_else_is_usage(locked: str, inside: str) -> None:
    """A folder in it too: without its hosts the inventory would be another one."""
    with tempfile.TemporaryDirectory() as base:
        whole = Path(base) / "folder"
        folder = whole / locked
        folder.mkdir(parents=True)
        (whole / "inventory.yml").write_text("hosts: {h: }")
        Path(base).chmod(0o755)
        assert (
            CliRunner().invoke(app, ["hosts", "-i", str(whole)]).exit_code == 0
        )  # imports what another user may not read
        folder.chmod(0)
        user = os.geteuid()
        try:
            os.seteuid(user or 65534)  # root may read everything
            result = CliRunner().invoke(app, ["hosts", "-i", str(whole / inside)])
        finally:
            os.seteuid(user)
            folder.chmod(0o755)
    assert (result.exit_code, "Permission denied" in " ".join(result.output.split())) == (2, True), result.output


def test_targets_beside_the_one_host_that_is_explained_are_usage(tmp_path: Path) -> None:
    (tmp_path / "inventory.yml").write_text("hosts: {a: , b: }")
    result = CliRunner().invoke(app, ["hosts", "a", "--explain", "b", "-i", str(tmp_path / "inventory.yml")])
    assert (result.exit_code, "--explain b: shows one host" in result.output) == (2, True), result.output


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["status", "--limit", "h"], "as arguments: `runnerops status runner-1"),
        (["deploy", "--check"], "`runnerops diff` shows what a deploy would do"),
        (["diff", "--dry-run"], "`runnerops diff` shows what a deploy would do"),
        (["deploy", "-f", "10"], "`--batch N|N%`"),
        (["deploy", "-K"], "`--ask-sudo-password` asks"),
        (["hosts", "--explain", "-o"], "--explain HOST"),
        (["history"], "`runnerops history '*'` is for all hosts"),
    ],
)
def test_what_people_type_who_know_other_programs_is_answered_with_what_to_type(words: list[str], hint: str) -> None:
    result = CliRunner().invoke(app, words)
    output = str(result.exception) + getattr(result.exception, "hint", "") + result.output
    assert result.exit_code != 0
    assert hint in " ".join(output.split())


def test_a_service_that_is_misspelt_is_told_by_its_name() -> None:
    result = CliRunner().invoke(app, ["diff", "--only", "dockr"])
    assert "did you mean 'docker'?" in " ".join(result.output.split())


CASES = [(name, flag, word) for name in COMMANDS for flag in flags(name) for word in BAD.get(flag, ())]


@pytest.mark.parametrize(("name", "flag", "word"), CASES)
def test_a_bad_value_is_usage(name: str, flag: str, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inventory.yml").write_text("hosts:\n  h: {address: 127.0.0.1, docker: {}}\n")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, [name, *ARGUMENTS.get(name, []), f"{flag}={word}"])
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("words", [["h", "dockerd"], ["h", "docker", "--forget"], []])
def test_a_removal_of_what_is_no_service_or_of_half_a_memory_is_usage(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inventory.yml").write_text("hosts:\n  h: {address: 127.0.0.1, docker: {}}\n")
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["remove", *words, "--yes"]).exit_code == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["remove", "h", "docker"], "runnerops remove h docker --dry-run"),
        (["remove", "h", "--volumes", "--forget"], "runnerops remove h --volumes --forget --dry-run"),
        (["remove", "x"], "no such host"),
        (["rollback", "h", "--to", "3"], "runnerops rollback h --to 3 --dry-run"),
        (["rollback", "x"], "no such host"),
        (["abort", "h"], "runnerops history h` first"),
        (["abort", "x"], "no such host"),
        (["rollback", "h", "g*"], "runnerops rollback h 'g*' --dry-run"),
        (["rollback", "h", "g", "--to", "3"], "--to 3: a run's number is its own host's, and these are 2 hosts"),
        (["rollback", "h", "!g", "--to", "3"], "runnerops rollback h '!g' --to 3 --dry-run"),
        (["deploy"], "runnerops diff` first"),
        (["deploy", "x"], "no such host"),
        (["deploy", "--plan", "none.json"], "none.json: No such file"),
        (["deploy", "--allow", "data-root@runer-1"], "--allow data-root@runer-1: no such host"),
        (["deploy", "--allow", "data-root@runer-1"], "did you mean 'runner-1'?"),
        (["rollback", "h", "--allow", "data-root@some"], "--allow data-root@some: a group, not a host"),
        (["remove", "h", "--allow", "data-root@"], "names no host after its @"),
        (["check", "none.json"], "none.json: No such file"),
        (["check", ".", "--as", "runner"], ".: Is a directory"),
    ],
)
def test_where_nobody_can_be_asked_a_preview_of_a_host_that_is_known_is_named(
    words: list[str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inventory.yml").write_text(
        "hosts:\n  h: {address: 127.0.0.1, docker: {}}\n  g: {docker: {}}\n  runner-1: {groups: [some]}\ngroups: {some: {}}\n"
    )
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2, result.output
    assert expected in " ".join(result.output.split())


def test_where_there_is_no_inventory_both_ways_on_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["diff"])
    assert result.exit_code == 2
    assert "or name one: `-i FILE`; `runnerops init` writes a new one" in " ".join(result.output.split())


def test_a_file_that_is_no_plan_is_reported_before_a_missing_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inventory.yml").write_text("hosts:\n  h: {address: 127.0.0.1, docker: {}}\n")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["deploy", "--plan", "inventory.yml"])
    assert (result.exit_code, "inventory.yml: not a saved plan" in result.output) == (6, True)


def test_every_command_is_a_file_of_its_own_and_has_its_place_in_the_list() -> None:
    parts = {"__init__", "boundary", "completion", "foreign", "group", "options", "values"}
    assert {path.stem for path in Path(cli.__file__).parent.glob("*.py")} == {*NAMES, *parts}
    output = CliRunner().invoke(app, ["--help"]).output
    assert [name for name in NAMES if f"\n  {name} " not in output] == []
    assert "Did you mean 'deploy'" in CliRunner().invoke(app, ["deplyo"]).output


def test_every_flag_with_a_value_is_tried() -> None:
    assert {flag for name in COMMANDS for flag in flags(name)} == BAD.keys() | FREE


@pytest.mark.parametrize("name", [*COMMANDS, "no-such-command"])
def test_an_unknown_flag_or_command_is_usage(name: str) -> None:
    assert CliRunner().invoke(app, [name, "--no-such-flag"]).exit_code == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_no_types_of_python(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0
    assert "list[" not in result.output
    assert "<str>" not in result.output


def test_help_reads_as_the_readme_writes_it() -> None:
    output = " ".join(CliRunner().invoke(app, ["rollback", "--help"]).output.split())
    assert "Usage: runnerops rollback [OPTIONS] TARGET… " in output
    assert "Bring back the files from before a run." in output
    assert "[default: 2h]" in output
    assert "x>=0" not in output
    assert "all hosts" not in CliRunner().invoke(app, ["trust", "--help"]).output


@pytest.mark.parametrize(
    ("answers", "otherwise", "yes", "asked"),
    [
        ("y\n", False, True, 1),
        ("YES\n", False, True, 1),
        ("n\n", True, False, 1),
        ("\n", False, False, 1),
        ("\n", True, True, 1),
        ("", False, False, 1),
        ("yse\nyes\n", False, True, 2),
        ("what?\nj\nno\n", True, False, 3),
        ("what?", False, False, 2),
    ],
)
def test_a_question_takes_yes_and_no(answers: str, otherwise: bool, yes: bool, asked: int) -> None:
    screen = Screen(err=io.StringIO(), answers=io.StringIO(answers))
    assert screen.ask("sure?", otherwise=otherwise) is yes
    assert isinstance(screen.err, io.StringIO)
    assert screen.err.getvalue().count("sure?") == asked
