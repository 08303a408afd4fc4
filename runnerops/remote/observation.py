"""How a host is asked: builds the script of an observation, and decodes the answers and files that it prints. Pure."""

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
"""The call, of the frame itself, for what every observation asks because a plan needs it."""


KNOWS, WAITS, OWN = "know_", "await_", "observe_"
"""Prefixes of functions: those whose results others need, those that ask daemons and pages, those that read local
things.
"""


LOOK_SECONDS = 60
"""The time limit for all programs of a look that might hang, in seconds. Pages have short limits in addition."""


def frame(
    word: str, calls: Sequence[Sequence[str]], functions: Sequence[str], units: Sequence[str] = (), seconds: int = 0
) -> bytes:
    """The observe script: all functions, then the calls. `units` are the systemd units to ask for first. `seconds` is
    the time limit of the whole look; with 0, only the limits of the single questions apply.

    The calls in `KNOWS` come first, because others need their results. Then the calls in `WAITS` run beside those in
    `OWN`. The latter run one after another, because a pipe costs the host two processes. The first call of `WAITS` runs
    before the other ones, which need its results. Those, and calls of no such kind, write into separate pipes, except
    for the last one.

    `word` is random, so that no content can end its frame. The script is the shell's standard input. It is one
    function, so that it is read completely before anything runs.
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
    """The shell code that runs these calls at the same time, each with its own pipe, and beside them `last`, one by
    one.
    """
    if last is None:
        calls, last = calls[:-1], calls[-1:]
    nest = ["{", *(last or [":"]), "} </dev/null"]
    for call in reversed(calls):
        nest = [f"{call} </dev/null | {{", *nest, "cat", "}"]
    return nest


def decode_observation(word: str, output: bytes) -> tuple[dict[str, Answer], dict[str, RemoteFile]]:
    """Answers by name, and files by path. If a path is a link that may be followed, its target has an entry under both
    names.
    """
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
