"""How a host is asked: the script of an observation, and the answers and files that it prints. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from runnerops.model.answers import Answer
from runnerops.model.host_state import RemoteFile

OBSERVE = ("sh", "-s")


FACTS = (("observe_facts",),)
"""What every observation asks that a plan is made of; this function is the frame's own."""


KNOWS, WAITS, OWN = "know_", "await_", "observe_"
"""How functions begin that find out what others need; that ask daemons and pages; that read what is the host's own."""


LOOK_SECONDS = 60
"""Within so many all programs of a look end that may hang. Pages have short limits of their own besides."""


def frame(
    word: str, calls: Sequence[Sequence[str]], functions: Sequence[str], units: Sequence[str] = (), seconds: int = 0
) -> bytes:
    """The observe script: all functions, then the calls. `units`: of systemd, asked after at once. `seconds`: the whole
    look's; 0: each question has its own limit only.

    What is known to others comes first (`KNOWS`). Then what waits (`WAITS`) goes beside what is the host's own (`OWN`), which
    goes one after another, for a pipe costs the host two processes. Of what waits the first asks for what the others need;
    these, and any other call, write into pipes of their own, but the last.

    `word` is random, so that no content can end its own frame. The script is the shell's standard input, so it is read
    whole (it is one function) before anything runs.
    """
    frame_functions = Path(__file__).with_name("observe.sh").read_text()
    knowing, waiting, own = (
        [shlex.join(call) for call in calls if call[0].startswith(kind)] for kind in (KNOWS, WAITS, OWN)
    )
    others = [shlex.join(call) for call in calls if not call[0].startswith((KNOWS, WAITS, OWN))]
    first, waiting = waiting[:1], waiting[1:]
    nest = _beside([*others, *(["\n".join(("{", *first, *_beside(waiting), "}"))] if first else [])], own)
    known = (f"know_units {shlex.join(units)}",) if units else ()
    known = (*((f"look_takes {seconds}",) if seconds else ()), *known)
    body = "\n".join((f"word={word}", frame_functions, *functions, *known, *knowing, *nest))
    return f"observe() {{\n{body}\n}}\nobserve </dev/null\n".encode()


def _beside(calls: Sequence[str], last: Sequence[str] | None = None) -> Sequence[str]:
    """Each of these writes into a pipe, and beside them go the `last`, one after another."""
    if last is None:
        calls, last = calls[:-1], calls[-1:]
    nest = ["{", *(last or [":"]), "} </dev/null"]
    for call in reversed(calls):
        nest = [f"{call} </dev/null | {{", *nest, "cat", "}"]
    return nest


def decode_observation(word: str, output: bytes) -> tuple[dict[str, Answer], dict[str, RemoteFile]]:
    """Answers by name and files by path: the real one where a path is a link that may be followed, under both names."""
    answers: dict[str, Answer] = {}
    files: dict[str, RemoteFile] = {}
    head = re.compile(rb"^%s (fact|file) (.*)$" % word.encode(), re.MULTILINE)
    tail = re.compile(rb"\n%s end (\d+)\n" % word.encode())
    at = 0
    while begin := head.search(output, at):
        end = tail.search(output, begin.end())
        if end is None:
            break
        at, content = end.end(), output[begin.end() + 1 : end.start()]
        if begin[1] == b"fact":
            answers[begin[2].decode()] = Answer(int(end[1]), content)
        else:
            path, real, rest = _names(content)
            files[path] = _file(begin[2].decode(), real, rest)
    return answers, files


def _names(content: bytes) -> tuple[str, str, bytes]:
    path, _, rest = content.partition(b"\n")
    real, _, rest = rest.partition(b"\n")
    return path.decode("utf-8", "surrogateescape"), real.decode("utf-8", "surrogateescape"), rest


def _file(said: str, path: str, content: bytes) -> RemoteFile:
    kind, mode, owner, mtime = said.split()
    if kind != "file":
        return RemoteFile(path, _file_kind(kind))
    return RemoteFile(path, "file", content, mode.rjust(4, "0"), owner, int(mtime))


def _file_kind(kind: str) -> Literal["absent", "link", "directory", "other"]:
    if kind == "absent":
        return "absent"
    return "link" if kind == "link" else "directory" if kind == "directory" else "other"
