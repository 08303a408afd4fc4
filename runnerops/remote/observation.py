"""Builds the script of an observation, and decodes the answers and files that it prints. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from runnerops.model.answers import Answer
from runnerops.model.host_state import RemoteFile
from runnerops.patterns import late_pattern

FACTS = (("observe_facts",),)
"""The call of `observe.sh` for what every observation asks, because every plan needs it."""

PREPARATIONS, WAITS, LOCAL = "prepare_", "await_", "observe_"
"""Prefixes of functions: those whose results others need, those that wait for daemons and pages, those that read what is
on the host.
"""

_UNREAD = late_pattern(r"^[ \t]*(?:#.*\n)?|[ \t]+# [^'\"`$\n]*$", re.MULTILINE)
"""Comments on lines of their own, indents, and most comments behind code. Those with a quote may be part of a text."""

OBSERVATION_SECONDS = 60
"""The time limit of an observation for all programs that might hang, in seconds. Pages have shorter limits of their own.
"""


def build_script(
    word: str, calls: Sequence[Sequence[str]], functions: Sequence[str], units: Sequence[str] = (), seconds: int = 0
) -> bytes:
    """Returns the script of an observation: all functions, then the calls.

    `units` are the systemd units whose properties are read first. `seconds` is the time limit of the whole observation;
    with 0, only the limits of the single commands apply.

    Calls in `PREPARATIONS` come first. Then calls in `WAITS` run beside those in `LOCAL`. The first call in `WAITS` runs
    before the others, which need its results. Those run at the same time, each with a pipe for its output. Calls in
    `LOCAL` run one after another, because a pipe costs the host two processes.

    `word` is random, so that no content can be taken for the end of an answer. The shell reads the script from its
    standard input. It is one function, so that it is read completely before anything runs.

    Comments and indents, a third of the text, are left out.
    """
    frame_functions = Path(__file__).with_name("observe.sh").read_text(encoding="utf-8")
    preparing, waiting, local = (
        [shlex.join(call) for call in calls if call[0].startswith(kind)] for kind in (PREPARATIONS, WAITS, LOCAL)
    )
    unprefixed = [shlex.join(call) for call in calls if not call[0].startswith((PREPARATIONS, WAITS, LOCAL))]
    first, waiting = waiting[:1], waiting[1:]
    nest = _run_in_parallel(
        [*unprefixed, *(["\n".join(("{", *first, *_run_in_parallel(waiting), "}"))] if first else [])], local
    )
    first_calls = (f"prepare_units {shlex.join(units)}",) if units else ()
    first_calls = (*((f"limit_observation {seconds}",) if seconds else ()), *first_calls)
    code = minify("\n".join((frame_functions, *functions)))
    body = "\n".join((f"word={word}", code, *first_calls, *preparing, *nest))
    return f"observe() {{\n{body}\n}}\nobserve </dev/null\n".encode()


@lru_cache(maxsize=8)
def minify(script: str) -> str:
    """A shell script without comments and indents. No text in quotes may have a line that begins with either."""
    return _UNREAD.sub("", script)


def _run_in_parallel(calls: Sequence[str], last: Sequence[str] | None = None) -> Sequence[str]:
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
    # each observation has another word, and compiling a pattern with it takes as long as all of this
    mark, output, at = f"\n{word} ".encode(), b"\n" + output, 0
    while (head := _next(_HEAD, output, mark, at)) and (end := _next(_END, output, mark, head.end() - 1)):
        at, content = end.end() - 1, output[head.end() : end.start() - len(mark)]
        if head[1] == b"fact":
            answers[head[2].decode()] = Answer(int(end[1]), content)
        else:
            path, real, rest = _names(content)
            files[path] = _file(head[2].decode(), real, rest)
    return answers, files


_HEAD = late_pattern(rb"(fact|file) (.*)\n")
_END = late_pattern(rb"end (\d+)\n")


def _next(pattern: re.Pattern[bytes], output: bytes, mark: bytes, at: int) -> re.Match[bytes] | None:
    """The first match of the pattern right behind a mark, from this index on."""
    while (found := output.find(mark, at)) >= 0:
        at = found + len(mark)
        if match := pattern.match(output, at):
            return match
    return None


def _names(content: bytes) -> tuple[str, str, bytes]:
    path, _, rest = content.partition(b"\n")
    real, _, rest = rest.partition(b"\n")
    return path.decode("utf-8", "surrogateescape"), real.decode("utf-8", "surrogateescape"), rest


def _file(properties: str, path: str, content: bytes) -> RemoteFile:
    kind, mode, owner, mtime = properties.split()
    if kind != "file":
        return RemoteFile(path, _file_kind(kind))
    return RemoteFile(path, "file", content, mode.rjust(4, "0"), owner, int(mtime))


def _file_kind(kind: str) -> Literal["absent", "link", "directory", "other"]:
    if kind == "absent":
        return "absent"
    return "link" if kind == "link" else "directory" if kind == "directory" else "other"
