"""Interrupts of a command, at moments at which Python would notice them late."""

from __future__ import annotations

import subprocess
import sys

_WAITS = """
import _thread, queue, selectors, signal, socket, subprocess, threading, time
from concurrent.futures import Future
from runnerops.report import signals

signals.LOOKS_EVERY_S = 0.05

def in_thread(wait):
    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread

ours, theirs = socket.socketpair()
sleeper = subprocess.Popen(["sleep", "60"])
waits = {
    "event": lambda: threading.Event().wait(60),
    "answer": lambda: Future().result(60),
    "queue": lambda: queue.Queue().get(),
    "thread": lambda: in_thread(lambda: time.sleep(60)).join(),
    "socket": lambda: ours.recv(1),
    "pause": lambda: time.sleep(60),
    "program": sleeper.wait,
}
for name, wait in waits.items():
    with signals.handle_signals(lambda: None):
        # as a signal that arrives right before the wait: it is noted, and does not end the wait
        threading.Timer(0.02, _thread.interrupt_main).start()
        began = time.monotonic()
        try:
            wait()
        except KeyboardInterrupt:
            print(name, time.monotonic() - began < 5)
sleeper.kill()
assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
"""


def test_an_interrupt_that_comes_right_before_a_wait_is_seen_soon() -> None:
    completed = subprocess.run([sys.executable, "-c", _WAITS], capture_output=True, text=True, timeout=120, check=False)
    waits = ("event", "answer", "queue", "thread", "socket", "pause", "program")
    assert (completed.stderr, completed.stdout.splitlines()) == ("", [f"{name} True" for name in waits])
