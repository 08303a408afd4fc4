"""Gets the values of secrets, each once, and collects those that are missing. Reads files and runs commands on demand.

The environment, the base directory and the function that runs commands are arguments, so nothing depends on global
state.
"""

from __future__ import annotations

import os.path
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePath

from runnerops.errors import SecretError
from runnerops.model.common import Placed, Secret
from runnerops.model.host_names import first_few
from runnerops.parsing.secret_text import pieces
from runnerops.patterns import late_pattern
from runnerops.redact import Redactor, secret_name
from runnerops.secrets.commands import LARGEST, SECONDS, Output, RunCommand, run_command
from runnerops.secrets.dotenv import read_dotenv

PLACEHOLDER = "SECRET-NOT-AVAILABLE"
"""The value of a missing secret, so that everything else can still be checked. `check()` then stops the run.

Further missing secrets get a number after it, because they need not have equal values.
"""

_AT_ONCE = 8
"""How many commands run at the same time."""
_NAMED = 10
"""How many secrets missing in one line of the inventory are named (or ranges of them). The others are counted."""
_TOLD = 3
"""How many lines of a failed command's stderr are shown."""


class _MissingError(Exception):
    """Why a secret is missing, and the fix."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


class Resolver:
    """Gets the values of secrets, each distinct one once. `directory` is that of the inventory. Nothing is read in
    advance.
    """

    def __init__(self, environ: Mapping[str, str], directory: Path, run: RunCommand = run_command) -> None:
        self._environ = environ
        self._directory = directory
        self._run = run
        self._dotenv: Mapping[str, str] | None = None
        self._found: dict[tuple[str, str], str] = {}
        self._missing: dict[tuple[str, str], tuple[Secret, _MissingError]] = {}
        self._begun: dict[str, Future[Output]] = {}

    def begin(self, secrets: Iterable[Secret]) -> None:
        """Runs the commands among these at the same time. A failure is only reported if the secret is needed."""
        parts = (part for secret in secrets for part in _parts(secret))
        lines = dict.fromkeys(part.argument for part in parts if part.source == "command")
        if len(lines) > 1:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                self._begun = {line: pool.submit(self._output, line) for line in lines}

    def resolve(self, secret: Secret) -> str:
        """The value, or PLACEHOLDER if it is missing, which `check()` then reports.

        One trailing newline is not part of a value. A value that is only white space counts as missing.
        """
        key = (secret.source, secret.argument)
        if secret.source == "secret":
            return self._text(secret, key)
        if key not in self._found and key not in self._missing:
            try:
                self._found[key] = self._value(secret)
            except _MissingError as missing:
                self._missing[key] = (secret, missing)
        if key in self._found:
            return self._found[key]
        place = list(self._missing).index(key)
        return f"{PLACEHOLDER}-{place + 1}" if place else PLACEHOLDER

    def _text(self, secret: Secret, key: tuple[str, str]) -> str:
        """The value of a text with secrets in it. If parts are missing, each is reported and the text a placeholder."""
        if key not in self._found:
            values = [part if isinstance(part, str) else self.resolve(part) for part in _text_parts(secret)]
            missing = [
                value
                for part, value in zip(_text_parts(secret), values, strict=True)
                if isinstance(part, Secret) and (part.source, part.argument) in self._missing
            ]
            if missing:
                return missing[0]
            self._found[key] = "".join(values)
        return self._found[key]

    def missing(self) -> Iterator[tuple[Secret, str, str]]:
        """Every missing secret: what is wrong, and the fix, without any value."""
        for secret, missing in self._missing.values():
            yield secret, f"{_shown(secret)}: {missing.problem}", missing.hint

    def check(self) -> None:
        """Raises SecretError that names every missing secret with its place and the fix, never a value."""
        alike: dict[object, list[tuple[Secret, _MissingError]]] = {}
        for secret, missing in self._missing.values():
            alike.setdefault((secret.location, secret.source, missing.problem), []).append((secret, missing))
        if not alike:
            return
        problems: list[Placed] = []
        for block in alike.values():  # each of forty hosts can miss a secret in one line
            shown = first_few([*dict.fromkeys(_shown(secret) for secret, _ in block)], _NAMED)
            problems.append((block[0][0].location, f"{shown}: {block[0][1].problem}", block[0][1].hint))
        hints = {hint for _, _, hint in problems}
        message = "\n".join(f"{place}: {problem}" for place, problem, _ in problems)
        raise SecretError(message, hints.pop() if len(hints) == 1 else "", problems)

    def values(self) -> frozenset[str]:
        """All values resolved so far, for the Redactor."""
        return frozenset(self._found.values())

    def _value(self, secret: Secret) -> str:
        reader = {"env": self._env, "file": self._file, "command": self._command}[secret.source]
        text = reader(secret.argument)
        value = text.removesuffix("\n").removesuffix("\r")
        if not value.strip():
            raise _MissingError("is empty", f"give it a value, or take the !{secret.source} out")
        if "\0" in value:
            raise _MissingError("holds a NUL character", "no configuration file can contain one")
        return value

    def _env(self, name: str) -> str:
        value = self._environ.get(name)
        if value is not None:
            return self._of_file_variable(name, value)
        if self._dotenv is None:
            self._dotenv = self._read_dotenv()
        if name not in self._dotenv:
            raise _MissingError("not set, in the environment or .env", self._how_to_set(name))
        return self._dotenv[name]

    def _in_gitlab_job(self) -> bool:
        return bool(self._environ.get("GITLAB_CI") or self._environ.get("CI_JOB_ID"))

    def _of_file_variable(self, name: str, value: str) -> str:
        """GitLab gives a variable of type *file* the path of a file that it wrote for the job. This reads that file."""
        if not self._in_gitlab_job() or not value.startswith("/") or "\n" in value or not os.path.isfile(value):
            return value
        return _read(Path(value), f"{name} is a variable of type file, whose file")

    def _how_to_set(self, name: str) -> str:
        if self._in_gitlab_job():
            return (
                f"add {name} under Settings > CI/CD > Variables; "
                "a protected variable is there on protected branches and tags only"
            )
        return f"export {name}, or write `{name}=…` into {self._directory / '.env'}"

    def _read_dotenv(self) -> Mapping[str, str]:
        path = self._directory / ".env"
        if not os.path.lexists(path):
            return {}
        return read_dotenv(_read(path, ".env", "make it a file of lines NAME=VALUE, or remove it"), str(path))

    def _file(self, argument: str) -> str:
        home = self._environ.get("HOME", "")
        path = Path(home, argument[2:]) if argument.startswith("~/") and home else Path(argument)
        return _read(self._directory / path, "the file")

    def _command(self, line: str) -> str:
        output = self._begun[line].result() if line in self._begun else self._output(line)
        if len(output.stdout) > LARGEST:
            raise _MissingError(f"its output is larger than {LARGEST} bytes", "let it print only the value")
        if output.status != 0:
            raise _MissingError(f"exit status {output.status}{self._complaint(output)}", "run it by hand to see why")
        return _decode(output.stdout, "its output")

    def _output(self, line: str) -> Output:
        try:
            argv = tuple(shlex.split(line))
            _refuse_shell(line, argv)
            return self._run(argv, self._directory, self._environ)
        except ValueError:
            raise _MissingError("a quote is never closed", "correct the command line") from None
        except TimeoutError:
            raise _MissingError(
                f"did not end within {SECONDS} s", "it must not ask for input: run it once by hand"
            ) from None
        except OSError as error:
            raise _MissingError(
                f"cannot run: {error.strerror}", "it runs without a shell; install it or give its path"
            ) from None

    def _complaint(self, output: Output) -> str:
        """What a failed command wrote to stderr, shortened, with everything masked that may be secret."""
        lines = output.stderr.decode("utf-8", "replace").strip().splitlines()
        printed = output.stdout.decode("utf-8", "replace").split()
        secret_values = [value for name, value in self._environ.items() if secret_name(name)]
        redactor = Redactor([*self.values(), *printed, *secret_values])
        shown_lines = [redactor.text(line.strip()) for line in lines if line.strip()]
        hidden_text = f" (and {len(shown_lines) - _TOLD} more lines)" if len(shown_lines) > _TOLD else ""
        return f": {'; '.join(shown_lines[:_TOLD])}{hidden_text}" if shown_lines else ""


def _parts(secret: Secret) -> Iterator[Secret]:
    """The secrets that one consists of: itself, or those in its text."""
    if secret.source == "secret":
        yield from (part for part in _text_parts(secret) if isinstance(part, Secret))
    else:
        yield secret


def _text_parts(secret: Secret) -> tuple[str | Secret, ...]:
    return tuple(
        piece if isinstance(piece, str) else Secret(*piece, secret.location) for piece in pieces(secret.argument)
    )


_SHELLS = {"sh", "bash", "dash", "zsh", "ksh", "ash", "busybox", "env", "ssh"}
_QUOTED = late_pattern(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.")
_OPERATORS = late_pattern(r"\|\||&&|\$\(|[|;<>`]|(?<!\S)~/")
_VARIABLE = late_pattern(r"\$\(|\$\{?[A-Za-z_]\w*\}?")


def _refuse_shell(line: str, argv: tuple[str, ...]) -> None:
    """Raises _MissingError for shell syntax, which the program would get as a literal argument."""
    match = _OPERATORS.search(_QUOTED.sub("", line))
    if not match and argv and PurePath(argv[0]).name not in _SHELLS:
        match = _VARIABLE.search(re.sub(r"'[^']*'|\\.", "", line))
    if match:
        raise _MissingError(
            f"{match[0]} needs a shell, but the command runs without one", "write sh -c '…', or leave it out"
        )


def _shown(secret: Secret) -> str:
    """The tag and its argument. Of a command, only the first word is shown, because the others may be secret."""
    argument = secret.argument.split()[0] if secret.source == "command" else secret.argument
    return f"!{secret.source} {argument}"


def _read(path: Path, title: str, hint: str = "name a file that contains only the value") -> str:
    try:
        if path.exists() and not path.is_file():
            raise _MissingError(f"{title} is not a regular file", hint)
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise _MissingError(f"{title} cannot be read: {error.strerror}", f"look at {path}") from None
    if len(data) > LARGEST:
        raise _MissingError(f"{title} is larger than {LARGEST} bytes", hint)
    return _decode(data, title)


def _decode(data: bytes, title: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _MissingError(
            f"{title} is not UTF-8 text", "secrets must be text: encode binary ones, for example with base64"
        ) from None
