"""Ctrl-C while a prompt for a secret of one of many hosts is open, at a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.terminal import INTERRUPT, Terminal

COMMAND = """
import os, signal, threading, time
from pathlib import Path
from runnerops.cli import _leave
from runnerops.cli.boundary import run_command, run_program
from runnerops.report.looking import Looking

for number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_DFL)  # whoever runs the tests in the background has them ignored

def command(screen):
    Path("pid").write_text(str(os.getpid()))
    with Looking(screen, 2):
        screen.status("looking")
        try:
            threading.Thread(target=screen.ask_secret, args=("h: password",)).start()
            threading.Thread(target=screen.say, args=("said meanwhile",)).start()
            while True:
                time.sleep(0.1)  # whichever thread the kernel gives the signal to
        finally:
            screen.say("leaving")

_leave(run_program(lambda: run_command(command)))
"""
IGNORING = """
import os, signal
from runnerops.cli.boundary import run_command, run_program

def command(screen):
    os.kill(os.getpid(), signal.SIGHUP)
    screen.data("still here")
    raise SystemExit(0)

raise SystemExit(run_program(lambda: run_command(command)))
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGHUP, 129), (signal.SIGQUIT, 131)]
)
def test_who_is_ended_while_a_password_is_typed_ends_at_once_and_leaves_the_terminal_as_it_was(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    (tmp_path / "command.py").write_text(COMMAND)
    script = f"ulimit -c 0; trap : INT; {sys.executable} command.py; echo ended with $?; stty -a"
    terminal = Terminal(["sh", "-c", script], tmp_path, {**os.environ, "PYTHONPATH": os.getcwd()})
    terminal.wait_for("h: password: ")
    if number is signal.SIGINT:
        terminal.press(INTERRUPT)
    else:
        os.kill(int((tmp_path / "pid").read_text()), number)
    terminal.wait_for(f"ended with {code}", 20)
    terminal.end()
    assert " echo " in terminal.said
    assert ("leaving" in terminal.said) is (code == 130)


def test_a_signal_that_is_to_be_ignored_stays_ignored(tmp_path: Path) -> None:
    (tmp_path / "command.py").write_text(IGNORING)
    script = f"trap '' HUP; exec {sys.executable} command.py"
    environ = {**os.environ, "PYTHONPATH": os.getcwd()}
    completed = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert (completed.returncode, completed.stdout) == (0, "still here\n"), completed.stderr
