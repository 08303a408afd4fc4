"""What shells offer at the Tab key: commands, options and names of the inventory. No host is contacted."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shells import without

INVENTORY = """
groups: {build: {}}
hosts:
  r[01:03]: {groups: [build], address: 192.0.2.1}
  web: {address: 192.0.2.2}
"""


@pytest.fixture(name="folder", scope="module")
def fixture_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, `runnerops` for the PATH, and the script for bash that it prints."""
    tmp_path = tmp_path_factory.mktemp("completed")
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    (tmp_path / "other.yml").write_text(INVENTORY.replace("web", "wob"))
    (tmp_path / "broken.yml").write_text("hosts: [")
    tool = tmp_path / "bin/runnerops"
    tool.parent.mkdir()
    start = "import sys; sys.argv[0] = 'runnerops'; from runnerops.cli import main; main()"
    tool.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(start)} "$@"\n')
    tool.chmod(0o755)
    for shell in ("bash", "zsh", "fish"):
        environ = {**os.environ, "_RUNNEROPS_COMPLETE": f"source_{shell}"}
        script = subprocess.run([tool], env=environ, capture_output=True, check=True).stdout
        (tmp_path / f"complete.{shell}").write_bytes(script)
    return tmp_path


def asked(folder: Path, *argv: str, script: str = "") -> str:
    """What a shell prints that runs with `runnerops` in its PATH; nothing may go to stderr."""
    environ = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HOME": str(folder)}
    completed = subprocess.run(argv, input=script, cwd=folder, env=environ, capture_output=True, text=True, check=True)
    assert completed.stderr == ""
    return completed.stdout


OFFERED = [
    ("runnerops roll", "rollback"),
    ("runnerops deploy ''", "r01 r02 r03 web build"),
    ("runnerops deploy web b", "build"),
    ("runnerops deploy '!w'", "!web"),
    ("runnerops rollback -i other.yml w", "wob"),
    ("runnerops remove ''", "r01 r02 r03 web"),
    ("runnerops deploy @f", "@failed"),
    ("runnerops deploy '!@c'", "!@changed"),
    ("runnerops deploy --canary r0", "r01 r02 r03"),
    ("runnerops hosts --explain w", "web"),
    ("runnerops remove web g", "gitlab_runner"),
    ("runnerops adopt --group ''", "build"),
    ("runnerops adopt w", "web"),
    ("runnerops check --as ''", "runner daemon registry compose"),
    ("runnerops deploy --health ''", "verify none"),
    ("runnerops diff --only d", "docker"),
    ("runnerops diff --allow held", "held"),
    ("runnerops explain data", "data-root"),
    ("runnerops diff --onl", "--only"),
    ("runnerops deploy -i broken.yml ''", ""),
    ("runnerops deploy -i gone.yml ''", ""),
]


needs = {
    shell: pytest.mark.skipif(shutil.which(shell) is None, reason=without(shell)) for shell in ("bash", "zsh", "fish")
}


@needs["bash"]
@pytest.mark.parametrize(("words", "offered"), OFFERED)
def test_bash_is_offered_what_fits(folder: Path, words: str, offered: str) -> None:
    script = f""". ./complete.bash
    COMP_WORDS=({words}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
    call=$(complete -p runnerops | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
    $call runnerops
    echo "${{COMPREPLY[*]}}"
    """
    assert asked(folder, "bash", "--norc", script=script).split() == offered.split()


SOME = [
    ("deploy ", "r01 r02 r03 web build"),
    ("deploy w", "web"),
    ("deploy @f", "@failed"),
    ("deploy !w", "!web"),
    ("explain data", "data-root"),
    ("roll", "rollback"),
    ("diff --onl", "--only"),
    ("deploy -i broken.yml ", ""),
]


@needs["zsh"]
@pytest.mark.parametrize(("words", "offered"), SOME)
def test_zsh_is_offered_what_fits(folder: Path, words: str, offered: str) -> None:
    """What is passed to `_arguments`, zsh's own function, which shows it: `"WORD" "WORD":"EXPLANATION"`."""
    script = f"""compdef() {{ }}; _files() {{ }}
    _arguments() {{ print -r -- ${{1#*\\(\\(}} }}
    . ./complete.zsh
    words=({" ".join(f'"{word}"' for word in ["runnerops", *words.split(" ")])}) CURRENT=$#words
    _runnerops_completion
    """
    assert re.findall(r'(?<!:)"([^"]*)"', asked(folder, "zsh", "-f", script=script)) == offered.split()


@needs["fish"]
@pytest.mark.parametrize(("words", "offered"), SOME)
def test_fish_is_offered_what_fits(folder: Path, words: str, offered: str) -> None:
    script = f"source complete.fish; complete -C 'runnerops {words}' | string match -rv '/$'"
    found = {line.partition("\t")[0] for line in asked(folder, "fish", "--no-config", "-c", script).splitlines()}
    assert {word for word in found if not (folder / word).exists()} == {*offered.split()}


def test_an_explanation_is_one_line_of_the_answer_however_wide_the_terminal_is(folder: Path) -> None:
    """fish offers each line as a word of its own."""
    environ = {"_RUNNEROPS_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args", "COLUMNS": "40"}
    words = {"_TYPER_COMPLETE_ARGS": "runnerops deploy -"}
    tool = folder / "bin/runnerops"
    completed = subprocess.run(
        [tool], env={**os.environ, **environ, **words}, capture_output=True, text=True, check=True
    )
    assert all(line.startswith("-") for line in completed.stdout.splitlines())
    assert "\n--kill-jobs\tDo not wait for running CI jobs; a restart ends them.\n" in completed.stdout


def test_help_has_no_option_for_it(folder: Path) -> None:
    argv = [str(folder / "bin/runnerops"), "--help"]
    assert "completion" not in subprocess.run(argv, capture_output=True, text=True, check=True).stdout
