"""Output: data to stdout, progress and errors to stderr, never a secret. The only module that prints."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import termios
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from getpass import getpass
from typing import Any, Protocol, TextIO

import typer

from runnerops.errors import UsageError
from runnerops.frozen import mutable
from runnerops.redact import Redactor
from runnerops.report.job_log import begin_part, end_part, in_job_log, own_name
from runnerops.report.terminal import coloured, columns, discard_output, terminal_state
from runnerops.report.wrap import shorten, wrap_at_words

STYLES: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "prose": {},
    "host": {"bold": True},
    "good": {"fg": "green"},
    "new": {"fg": "green"},
    "gone": {"fg": "red"},
    "bad": {"fg": "red", "bold": True},
    "warn": {"fg": "yellow"},
    "dim": {"dim": True},
    "verbatim": {},
    "command": {"dim": True},
    "typed": {"bold": True},
}
VERBATIM = frozenset({"new", "gone", "verbatim", "command", "typed"})
"""Styles of text to compare or copy, in which lines are never broken."""


class Pausable(Protocol):
    """Something that moves at the bottom of a terminal."""

    def hush(self) -> None:
        """Stops drawing, so that others can use the terminal."""

    def resume(self) -> None:
        """Draws again after `hush`."""


@mutable
class Screen:
    """Writes redacted lines. Each stream has colour if it is a terminal and NO_COLOR allows it. On a terminal, lines are
    broken at words; elsewhere they stay whole.
    """

    redactor: Redactor = field(default_factory=Redactor)
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    answers: TextIO = field(default_factory=lambda: sys.stdin)
    asks_sudo_password: bool = False
    """Whether the user wants to be asked."""
    pausables: list[Pausable] = field(default_factory=list)
    """What stops drawing while a secret is typed."""
    sections: bool | None = None
    """Whether the parts of the answer fold, as in GitLab's job log; None: only if the output is one."""
    cut_off: bool = False
    """Whether some output could not be written although there is a reader."""
    _lock: threading.Condition = field(default_factory=lambda: threading.Condition(threading.Lock()))
    _asked_one_by_one: threading.Lock = field(default_factory=threading.Lock)
    _saved_state: list[Any] | None = None
    """The state of the terminal before a secret is typed invisibly; None: no secret is being typed."""
    _status: str = ""
    _parts: set[str] = field(default_factory=set)
    """The names of the parts that fold."""

    def __post_init__(self) -> None:
        for stream in (self.out, self.err):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a locale without arrows must not end the program

    def data(self, text: str = "", style: str = "plain") -> None:
        """A line of the answer, to stdout."""
        self._write(self.out, text, style)

    def say(self, text: str = "", style: str = "plain") -> None:
        """A line of progress or of an error, to stderr."""
        self._write(self.err, text, style)

    def status(self, text: str) -> None:
        """Shows a line at the bottom of a terminal, in place of the previous one, below all output; empty: no line."""
        if not self.err.isatty() or not (text or self._status):
            return
        with self._lock:
            if self._saved_state is not None:
                return
            self._status = shorten(self.redactor.text(text), columns(self.err) - 1) if text else ""
            print(f"\r\x1b[K{self._status}", end="", file=self.err, flush=True)

    def lines(self, lines: Iterable[tuple[str, str]]) -> None:
        """Styled lines of the answer: pairs of style and text."""
        for style, text in lines:
            self.data(text, style)

    def section(self, name: str, lines: Iterable[tuple[str, str]], *, folded: bool) -> None:
        """Prints like `lines`. In GitLab's job log, the first line is the title of a part that folds; `folded`: it is
        at first.

        `name` is converted to a form that GitLab accepts, and that no other part of this log has.
        """
        folds = in_job_log(self.out) if self.sections is None else self.sections
        parts = iter(lines)
        first = next(parts, None)
        if first is None:
            return
        if not folds:
            self.lines((first, *parts))
            return
        style, title = first
        name = own_name(name, self._parts)
        self._parts.add(name)
        begin = begin_part(name, folded=folded)
        for number, line in enumerate(self.redactor.text(title).split("\n")):
            self._print(self.out, ("" if number else begin) + self._styled(self.out, line, style))
        try:
            self.lines(parts)
        finally:  # otherwise all later output would belong to this part
            self._print(self.out, end_part(name))

    def json(self, document: Mapping[str, Any], *, indent: int | None = 2) -> None:
        """Prints a JSON document (or, without indent, one line of a stream) to stdout. Strings in it are redacted."""
        narrow = "utf" not in (getattr(self.out, "encoding", None) or "utf-8").lower()
        text = json.dumps(_redacted(document, self.redactor), indent=indent, ensure_ascii=narrow)
        self._print(self.out, text)

    @property
    def interactive(self) -> bool:
        """Whether there is a person who can be asked."""
        return self.answers.isatty() and self.err.isatty()

    def ask(self, question: str, *, otherwise: bool = False) -> bool:
        """Asks for yes or no. An empty line or the end of input means `otherwise`. Other words repeat the question."""
        lines = self.wrapped(self.err, f"{question} [{'Y/n' if otherwise else 'y/N'}] ", "plain")
        while True:
            with self._lock:
                print("\n".join(lines).rstrip(), end=" ", file=self.err, flush=True)
            line = self.answers.readline()
            word = line.strip().lower()
            if word in {"y", "yes", "n", "no"}:
                return word.startswith("y")
            if not word:
                return otherwise
            self.say("answer yes or no")

    def ask_text(self, question: str, otherwise: str = "") -> str:
        """Asks for a line, and returns it without surrounding white space. An empty line means `otherwise`.

        Raises UsageError at the end of input.
        """
        lines = self.wrapped(self.err, f"{question}{f' [{otherwise}]' if otherwise else ''}:", "plain")
        with self._lock:
            print("\n".join(lines), end=" ", file=self.err, flush=True)
        line = self.answers.readline()
        if not line:
            raise UsageError("there is no further answer", "run the command again, and answer its questions")
        return line.strip() or otherwise

    def ask_secret(self, question: str) -> str:
        """Asks for a secret without echo, and adds it to the redactor. Empty if there is nobody to ask."""
        if not self.interactive:
            return ""
        with self._asked_one_by_one, self._exclusive_terminal():
            try:
                answer = getpass(f"{self.redactor.text(question)}: ", self.err)
            except EOFError:
                answer = ""
        self.redactor.learn([answer])
        return answer

    @contextlib.contextmanager
    def _exclusive_terminal(self) -> Iterator[None]:
        """Keeps all other output off the terminal. `restore_terminal` restores its state if this thread is interrupted."""
        with self._lock:
            self._saved_state = terminal_state(self.answers)
            for pausable in self.pausables:
                pausable.hush()
            if self._status:
                print("\r\x1b[K", end="", file=self.err, flush=True)
        try:
            yield
        finally:
            with self._lock:
                self._saved_state = None
                for pausable in self.pausables:
                    pausable.resume()
                self._lock.notify_all()

    def restore_terminal(self) -> None:
        """Ends the output of the command. After an interrupt, another thread may still be asking for a secret."""
        if self._saved_state:
            with contextlib.suppress(termios.error, OSError, ValueError):  # the terminal may be gone
                termios.tcsetattr(self.answers.fileno(), termios.TCSANOW, self._saved_state)

    def _may_print(self) -> bool:
        """While a secret is typed, only the main thread may print, which it only does after an interrupt."""
        return self._saved_state is None or threading.current_thread() is threading.main_thread()

    def _write(self, stream: TextIO, text: str, style: str) -> None:
        for line in self.wrapped(stream, self.redactor.text(text), style):
            self._print(stream, self._styled(stream, line, style))

    def _styled(self, stream: TextIO, line: str, style: str) -> str:
        return typer.style(line, **STYLES[style]) if STYLES[style] and coloured(stream) else line

    def wrapped(self, stream: TextIO, text: str, style: str) -> list[str]:
        """The text as this stream shows it."""
        if style in VERBATIM or not stream.isatty():
            return [text]
        hanging = style != "prose"  # a paragraph has no first column, and its lines begin alike
        return [line for part in text.split("\n") for line in wrap_at_words(part, columns(stream), hanging=hanging)]

    def _print(self, stream: TextIO, text: str) -> None:
        """If the reader has gone away (`| head`), output ends, but the work continues and the exit code does not
        change.

        A full disk does not end the work either. It is reported, and `cut_off` is set.
        """
        with self._lock:
            self._lock.wait_for(self._may_print)
            try:
                if self._status:
                    print("\r\x1b[K", end="", file=self.err, flush=True)
                print(text, file=stream, flush=True)
                if self._status:
                    print(self._status, end="", file=self.err, flush=True)
            except BrokenPipeError:
                discard_output(stream)
            except OSError as error:
                self.cut_off = True
                discard_output(stream)
                with contextlib.suppress(OSError):
                    print(f"the output is incomplete: {error.strerror or error}", file=self.err, flush=True)


def _redacted(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return redactor.text(value)
    if isinstance(value, Mapping):
        return {key: _redacted(item, redactor) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(item, redactor) for item in value]
    return value
