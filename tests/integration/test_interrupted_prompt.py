"""An interrupt while one of many hosts asks for something secret, at a terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.lab.terminal import INTERRUPT, Terminal

COMMAND = """
import threading, time
from runnerops.cli import _leave
from runnerops.cli.boundary import run_command, run_program
from runnerops.report.looking import Looking

def command(screen):
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


def test_an_interrupt_while_a_password_is_typed_ends_at_once_and_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "command.py").write_text(COMMAND)
    script = f"trap : INT; {sys.executable} command.py; echo ended with $?; stty -a"
    terminal = Terminal(["sh", "-c", script], tmp_path, {**os.environ, "PYTHONPATH": os.getcwd()})
    terminal.wait_for("h: password: ")
    terminal.press(INTERRUPT)
    terminal.wait_for("ended with 130", 20)
    terminal.end()
    assert " echo " in terminal.said
    assert "leaving" in terminal.said
