"""A process that has loaded all of runnerops and forks for each command: `python -m tests.lab.everything LISTENER`.

LISTENER is the number of a listening socket. A connection brings words, folder, environment and the module whose `main`
is called, as JSON, and the three standard streams; it is told the command's pid, and then its exit code, a line each. It
ends with its standard input.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys

import paramiko  # noqa: F401  what is loaded at the first need of it

import runnerops


def load() -> None:
    """Every module of ours, to be shared by the forks."""
    for module in pkgutil.walk_packages(runnerops.__path__, "runnerops."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def serve(listener: socket.socket) -> None:
    """A fork for each connection, whose end nobody waits for."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            answer(connection)
            os._exit(0)
        connection.close()


def answer(connection: socket.socket) -> None:
    """One command, from its words to its exit code."""
    request, streams, _, _ = socket.recv_fds(connection, 2**20, 3)
    pid = os.fork()
    if pid == 0:
        become(streams, **json.loads(request))
    connection.sendall(b"%d\n" % pid)
    connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def become(streams: list[int], words: list[str], folder: str, environ: dict[str, str], module: str) -> None:
    """The command."""
    main = importlib.import_module(module).main
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.modules["__main__"].__package__ = ""  # or usage names this module as the program
    sys.argv = ["runnerops", *words]
    sys.exit(main())


if __name__ == "__main__":
    load()
    serve(socket.socket(fileno=int(sys.argv[1])))
