"""Where output goes: data to stdout, progress and errors to stderr, nothing secret to either. The only module that prints."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import termios
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from getpass import getpass
from typing import Any, Protocol, TextIO

import typer

from runnerops.errors import UsageError
from runnerops.redact import Redactor
from runnerops.report.job_log import begin_part, end_part, in_job_log, own_name
from runnerops.report.terminal import coloured, columns, send_nowhere, terminal_state
from runnerops.report.wrap import broken_at_words, shortened

STYLES: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
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
"""Styles of what is compared or copied, which no line break may come into."""


class Painted(Protocol):
    """Something that moves at the bottom of a terminal."""

    def hush(self) -> None:
        """Stand still, and leave the terminal to somebody else."""

    def resume(self) -> None:
        """Draws again after `hush`."""


@dataclass(slots=True)
class Screen:
    """Writes redacted lines. Colour follows NO_COLOR and whether the stream is a terminal, each stream for itself; a terminal
    has lines broken at words, and whatever else reads them has each whole."""

    redactor: Redactor = field(default_factory=Redactor)
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    answers: TextIO = field(default_factory=lambda: sys.stdin)
    asks_sudo_password: bool = False
    """Whether its user wants to be asked for it."""
    painted: list[Painted] = field(default_factory=list)
    """What stands still while something secret is typed."""
    sections: bool | None = None
    """Whether the answer's parts fold, as in GitLab's job log; None: where it is one."""
    cut_off: bool = False
    """Whether something could not be written, though a reader is there."""
    _lock: threading.Condition = field(default_factory=lambda: threading.Condition(threading.Lock()))
    _asked_one_by_one: threading.Lock = field(default_factory=threading.Lock)
    _as_it_was: list[Any] | None = None
    """The terminal's state before something secret is typed, which is unseen; None: nothing is."""
    _status: str = ""
    _parts: set[str] = field(default_factory=set)
    """The names of those that fold."""

    def __post_init__(self) -> None:
        for stream in (self.out, self.err):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # an arrow is no reason to end where the locale has none

    def data(self, text: str = "", style: str = "plain") -> None:
        """A line of the answer, to stdout."""
        self._write(self.out, text, style)

    def say(self, text: str = "", style: str = "plain") -> None:
        """A line of progress or of an error, to stderr."""
        self._write(self.err, text, style)

    def status(self, text: str) -> None:
        """A line at the bottom of a terminal, in place of the one before, below all that is printed; empty: none."""
        if not self.err.isatty() or not (text or self._status):
            return
        with self._lock:
            if self._as_it_was is not None:
                return
            self._status = shortened(self.redactor.text(text), columns(self.err) - 1) if text else ""
            print(f"\r\x1b[K{self._status}", end="", file=self.err, flush=True)

    def lines(self, lines: Iterable[tuple[str, str]]) -> None:
        """Styled lines of the answer: pairs of style and text."""
        for style, text in lines:
            self.data(text, style)

    def section(self, name: str, lines: Iterable[tuple[str, str]], *, folded: bool) -> None:
        """The same as `lines`; in GitLab's job log the first is the title of a part that folds, or is `folded` at first.

        `name` is made one that GitLab reads, and that no other part of this log has.
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
        finally:  # else all that follows would be of this part
            self._print(self.out, end_part(name))

    def json(self, document: Mapping[str, Any], *, indent: int | None = 2) -> None:
        """A JSON document (or, without indent, one line of a stream) to stdout; strings in it are redacted."""
        text = json.dumps(_redacted(document, self.redactor), indent=indent, ensure_ascii=False)
        self._print(self.out, text)

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        return self.answers.isatty() and self.err.isatty()

    def ask(self, question: str, *, otherwise: bool = False) -> bool:
        """A yes or a no from the person at the terminal; an empty line, or none, means `otherwise`; other words ask again."""
        lines = self.broken(self.err, f"{question} [{'Y/n' if otherwise else 'y/N'}] ", "plain")
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
        """A line from the person at the terminal, without space around it; an empty one means `otherwise`.

        Raises UsageError where no line comes any more.
        """
        lines = self.broken(self.err, f"{question}{f' [{otherwise}]' if otherwise else ''}:", "plain")
        with self._lock:
            print("\n".join(lines), end=" ", file=self.err, flush=True)
        line = self.answers.readline()
        if not line:
            raise UsageError("there is no further answer", "run the command again, and answer its questions")
        return line.strip() or otherwise

    def ask_secret(self, question: str) -> str:
        """What the person at the terminal types, unseen; the redactor knows it from then on. Empty where nobody is there."""
        if not self.interactive:
            return ""
        with self._asked_one_by_one, self._alone():
            try:
                answer = getpass(f"{self.redactor.text(question)}: ", self.err)
            except EOFError:
                answer = ""
        self.redactor.learn([answer])
        return answer

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Nothing else comes to the terminal. `leave` sees to its state where this thread is not waited for."""
        with self._lock:
            self._as_it_was = terminal_state(self.answers)
            for one in self.painted:
                one.hush()
            if self._status:
                print("\r\x1b[K", end="", file=self.err, flush=True)
        try:
            yield
        finally:
            with self._lock:
                self._as_it_was = None
                for one in self.painted:
                    one.resume()
                self._lock.notify_all()

    def leave(self) -> None:
        """The end of the command. An interrupt may have come while another thread waits for something secret to be typed."""
        if self._as_it_was:
            with contextlib.suppress(termios.error, OSError, ValueError):  # a terminal that is gone
                termios.tcsetattr(self.answers.fileno(), termios.TCSANOW, self._as_it_was)

    def _may_print(self) -> bool:
        """Not while somebody types; but the main thread, which waits for the others, prints then after an interrupt alone."""
        return self._as_it_was is None or threading.current_thread() is threading.main_thread()

    def _write(self, stream: TextIO, text: str, style: str) -> None:
        for line in self.broken(stream, self.redactor.text(text), style):
            self._print(stream, self._styled(stream, line, style))

    def _styled(self, stream: TextIO, line: str, style: str) -> str:
        return typer.style(line, **STYLES[style]) if STYLES[style] and coloured(stream) else line

    def broken(self, stream: TextIO, text: str, style: str) -> list[str]:
        """The text as this stream shows it."""
        if style in VERBATIM or not stream.isatty():
            return [text]
        return [line for part in text.split("\n") for line in broken_at_words(part, columns(stream))]

    def _print(self, stream: TextIO, text: str) -> None:
        """A reader that went away (`| head`) ends the output, never the work, and does not change the exit code.

        Nor does a full disk end the work; it is told, and `cut_off` says that something is missing.
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
                send_nowhere(stream)
            except OSError as error:
                self.cut_off = True
                send_nowhere(stream)
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
