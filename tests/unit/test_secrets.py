from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest

from runnerops.errors import SecretError
from runnerops.model.common import Secret, SourceLocation
from runnerops.secrets import PLACEHOLDER, Resolver
from runnerops.secrets.commands import Output, run_command
from runnerops.secrets.dotenv import read_dotenv

CANARY = "hunter22-canary"
Source = Literal["env", "file", "command", "secret"]


def secret(source: Source, argument: str, line: int = 1) -> Secret:
    return Secret(source, argument, SourceLocation("inventory.yml", line, 5))


class Commands:
    """Stands in for running commands: gives the answers it has and remembers what was run."""

    def __init__(self, answer: Output | Exception) -> None:
        self.answer = answer
        self.ran: list[tuple[str, ...]] = []

    def __call__(self, argv: tuple[str, ...], directory: Path, environ: Mapping[str, str]) -> Output:  # noqa: ARG002
        self.ran.append(argv)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def resolver(
    folder: Path, environ: Mapping[str, str] | None = None, answer: Output | Exception | None = None
) -> Resolver:
    return Resolver(environ or {}, folder, Commands(answer or Output(0, b"x\n", b"")))


def complaint(secrets_resolver: Resolver, *wanted: Secret) -> SecretError:
    for wanted_secret in wanted:
        assert secrets_resolver.resolve(wanted_secret).startswith(PLACEHOLDER)
    with pytest.raises(SecretError) as caught:
        secrets_resolver.check()
    assert caught.value.hint or len({fix for _, _, fix in caught.value.problems}) > 1
    assert CANARY not in "".join([*caught.value.lines, caught.value.hint])
    return caught.value


def test_values_come_from_the_environment_then_from_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=dotenv\nB='of dotenv'\n")
    secrets_resolver = resolver(tmp_path, {"A": "environment"})
    assert secrets_resolver.resolve(secret("env", "A")) == "environment"
    assert secrets_resolver.resolve(secret("env", "B")) == "of dotenv"
    secrets_resolver.check()
    assert secrets_resolver.values() == {"environment", "of dotenv"}


def test_files_are_relative_to_the_inventory_and_home_is_that_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "a").write_text("one\n")
    (tmp_path / "b").write_text("two\r\n")
    (tmp_path / "c").write_text("three\n\n")
    secrets_resolver = resolver(tmp_path, {"HOME": str(tmp_path)})
    names = ["keys/a", "~/b", str(tmp_path / "c")]
    assert [secrets_resolver.resolve(secret("file", name)) for name in names] == ["one", "two", "three\n"]


def test_a_command_runs_once_without_a_shell(tmp_path: Path) -> None:
    commands = Commands(Output(0, b"value\n", b"noise"))
    secrets_resolver = Resolver({}, tmp_path, commands)
    values = [secrets_resolver.resolve(secret("command", "pass show 'a b' '$HOME'", line)) for line in (1, 2)]
    assert values == ["value", "value"]
    assert commands.ran == [("pass", "show", "a b", "$HOME")]


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("not a variable\n")
    secrets_resolver = resolver(tmp_path, {"A": "x"})
    assert secrets_resolver.resolve(secret("env", "A")) == "x"
    secrets_resolver.check()


def test_all_that_are_missing_are_reported_together_once_each(tmp_path: Path) -> None:
    secrets_resolver = resolver(tmp_path)
    error = complaint(
        secrets_resolver, secret("env", "A", 3), secret("file", "b", 4), secret("env", "A", 9), secret("env", "C", 5)
    )
    assert error.lines == [  # each with its own fix
        "inventory.yml:3:5: !env A: not set, in the environment or .env",
        f"  hint: export A, or write `A=…` into {tmp_path}/.env",
        "inventory.yml:4:5: !file b: the file cannot be read: No such file or directory",
        f"  hint: look at {tmp_path}/b",
        "inventory.yml:5:5: !env C: not set, in the environment or .env",
        f"  hint: export C, or write `C=…` into {tmp_path}/.env",
    ]


def test_what_one_line_misses_on_many_hosts_is_reported_once(tmp_path: Path) -> None:
    secrets_resolver = resolver(tmp_path)
    asked = [secret("env", f"TOKEN_R_{number:02}", 3) for number in range(1, 41)]
    error = complaint(secrets_resolver, *asked, secret("file", "a/9", 4), secret("file", "b/9", 4))
    assert error.message.splitlines() == [
        "inventory.yml:3:5: !env TOKEN_R_[01:40]: not set, in the environment or .env",
        "inventory.yml:4:5: !file a/9, !file b/9: the file cannot be read: No such file or directory",
    ]
    assert [fix.startswith("export TOKEN_R_01") for _, _, fix in error.problems] == [True, False]


def test_a_command_whose_arguments_are_not_shown_is_named_once(tmp_path: Path) -> None:
    secrets_resolver = resolver(tmp_path, answer=Output(3, b"", b"locked"))
    error = complaint(secrets_resolver, *(secret("command", f"pass {number}", 3) for number in range(3)))
    assert error.message == "inventory.yml:3:5: !command pass: exit status 3: locked"


MISSING = [  # where from, the file or command's answer, what is said
    ("env", "EMPTY", None, "is empty"),
    ("env", "BLANK", None, "is empty"),
    ("file", "empty", None, "is empty"),
    ("file", ".", None, "the file is not a regular file"),
    ("file", "binary", None, "the file is not UTF-8 text"),
    ("file", "nul", None, "holds a NUL character"),
    ("file", "large", None, "the file is larger than 1000000 bytes"),
    ("command", "p 'x", None, "a quote is never closed"),
    ("command", "p", Output(0, b"\n", b""), "is empty"),
    ("command", "p", Output(0, b"\xff", b""), "its output is not UTF-8 text"),
    ("command", "p", Output(-9, b"x" * 1_000_001, b""), "its output is larger than 1000000 bytes"),
    ("command", "p", TimeoutError(), "did not end within 30 s"),
    ("command", "p", FileNotFoundError(2, "No such file or directory"), "cannot run: No such file or directory"),
    ("command", "p", Output(3, b"", b"no such entry\n\n more\n"), "exit status 3: no such entry; more"),
    ("command", "p", Output(3, b"", b"a\nb\nc\nd\ne\n"), "exit status 3: a; b; c (and 2 more lines)"),
    ("command", "p", Output(3, b"", b""), "exit status 3"),
    ("command", "p", Output(3, CANARY.encode(), f"read {CANARY}\n".encode()), "exit status 3: read ********"),
    ("command", "p", Output(3, b"", b"token of-the-environment is old\n"), "exit status 3: token ******** is old"),
    ("command", f"p --password {CANARY}", Output(1, b"", b""), "exit status 1"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "argument", "answer", "expected"), MISSING)
def test_what_cannot_be_had_is_reported_without_a_value(
    tmp_path: Path, source: Source, argument: str, answer: Output | Exception | None, expected: str
) -> None:
    for name, content in {"empty": b"\n", "binary": b"\xff\xfe", "nul": b"a\0b", "large": b"x" * 1_000_001}.items():
        (tmp_path / name).write_bytes(content)
    secrets_resolver = resolver(tmp_path, {"EMPTY": "", "BLANK": " \n", "MY_TOKEN": "of-the-environment"}, answer)
    shown = argument.split(maxsplit=1)[0]
    assert (
        complaint(secrets_resolver, secret(source, argument)).message
        == f"inventory.yml:1:5: !{source} {shown}: {expected}"
    )


@pytest.mark.parametrize("job", ["CI_JOB_ID", "GITLAB_CI"])
def test_in_a_gitlab_job_a_variable_of_type_file_is_read(tmp_path: Path, job: str) -> None:
    (tmp_path / "variable").write_text(f"{CANARY}\n")
    environ = {"A": str(tmp_path / "variable")}
    assert resolver(tmp_path, environ).resolve(secret("env", "A")) == environ["A"]
    assert resolver(tmp_path, environ | {job: "1"}).resolve(secret("env", "A")) == CANARY


@pytest.mark.parametrize("value", ["/no/such/file", "relative", "/", "/" + "x" * 5000, "/a\n/b"])
def test_in_a_gitlab_job_every_other_value_is_itself(tmp_path: Path, value: str) -> None:
    (tmp_path / "relative").write_text("no")
    secrets_resolver = resolver(tmp_path, {"A": value, "CI_JOB_ID": "1"})
    assert secrets_resolver.resolve(secret("env", "A")) == value
    assert "Settings > CI/CD > Variables" in complaint(secrets_resolver, secret("env", "B")).hint


DOTENV = [
    ("A=b", "b"), ("A = b ", "b"), ("export A=b", "b"), ("A=", ""), ("A=b # c", "b"), ("A=b#c", "b#c"),
    ("A='b # c'", "b # c"), ("A='b\\n$C'", "b\\n$C"), ('A="b\\n\\"c\\" \\$d"', 'b\n"c" $d'), ("A=b=c==", "b=c=="),
    ("\n# x\n\r\nA=b\r\n", "b"), ("A=1\nA=2", "2"), ("A=${B}", "${B}"), ("A='b' # c", "b"), ("A=it's", "it's"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), DOTENV)
def test_dotenv_lines(text: str, value: str) -> None:
    assert read_dotenv(text, ".env") == {"A": value}


def test_a_dotenv_that_cannot_be_read_is_named_and_not_taken_for_one_without_the_variable(tmp_path: Path) -> None:
    def problem() -> str:
        secrets_resolver = Resolver({}, tmp_path)
        secrets_resolver.resolve(secret("env", "A"))
        return next(secrets_resolver.missing())[1]

    path = tmp_path / ".env"
    assert problem() == "!env A: not set, in the environment or .env"
    path.mkdir()
    assert problem() == "!env A: .env is not a regular file"
    path.rmdir()
    for target in (".env", "gone"):
        path.symlink_to(target)
        assert problem().startswith("!env A: .env cannot be read: ")
        path.unlink()


@pytest.mark.parametrize(
    "line", [CANARY, f"A='{CANARY}", f'A="{CANARY}', f"1A={CANARY}", f"A='{CANARY}'x", f"A-B={CANARY}"]
)
def test_a_broken_dotenv_line_is_reported_by_its_number(line: str) -> None:
    with pytest.raises(SecretError) as caught:
        read_dotenv(f"B=c\n{line}\n", ".env")
    assert caught.value.message == ".env:2: not NAME=VALUE"
    assert CANARY not in caught.value.hint


def test_all_broken_lines_of_a_dotenv_are_reported_together() -> None:
    with pytest.raises(SecretError) as caught:
        read_dotenv("B\nC=d\n# E\nF: g\nH='i\n", ".env")
    assert caught.value.message == ".env:1: not NAME=VALUE, nor are lines 4, 5"


def test_real_commands_run_in_the_directory_with_the_environment_given(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd(), os.environ.get('A'), sys.stdin.read()); sys.exit(3)"
    output = run_command((sys.executable, "-c", code), tmp_path, {"A": "b"})
    assert (output.status, output.stdout.decode().split()) == (3, [str(tmp_path), "b"])


def test_a_command_that_prints_without_end_is_ended(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"]}
    assert len(run_command(("yes",), tmp_path, environ).stdout) == 1_000_001
    output = run_command(("sh", "-c", "head -c 2000000 /dev/zero >&2; echo x; exit 3"), tmp_path, environ)
    assert (output.status, output.stdout, len(output.stderr)) == (3, b"x\n", 1_000_001)


@pytest.mark.parametrize("line", ["exec sleep 60", "exec >&- 2>&-; exec sleep 60"])
def test_a_command_that_does_not_end_is_ended(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runnerops.secrets.commands.SECONDS", 0.1)
    with pytest.raises(TimeoutError):
        run_command(("sh", "-c", line), tmp_path, {"PATH": os.environ["PATH"]})


@pytest.mark.parametrize(
    "line",
    [
        "pass show x | head -1",
        "pass show x; true",
        "pass show x > y",
        'pass "$(cat name)"',
        "pass `cat name`",
        "a && b",
        "gpg -d $HOME/x",
        'gpg -d "${DIR}/x"',
        "cat ~/token",
    ],
)
def test_what_only_a_shell_understands_is_refused(tmp_path: Path, line: str) -> None:
    secrets_resolver = resolver(tmp_path, answer=Output(0, b"x", b""))
    error = complaint(secrets_resolver, secret("command", line))
    assert "without one" in error.message
    assert "sh -c" in error.hint


@pytest.mark.parametrize(
    "line",
    [
        "sh -c 'pass x | head -1'",
        "jq '.a | .b' f",
        'sh -c "echo $(cat x)"',
        "curl u?a=1&b=2",
        "awk '{print $x}' f",
        r"a \$x",
        "env -S '$x'",
        "p ~user x~/y",
    ],
)
def test_what_is_quoted_is_the_commands_own(tmp_path: Path, line: str) -> None:
    secrets_resolver = resolver(tmp_path, answer=Output(0, b"x", b""))
    assert secrets_resolver.resolve(secret("command", line)) == "x"
    secrets_resolver.check()


def test_secrets_that_are_missing_are_not_one_value(tmp_path: Path) -> None:
    secrets_resolver = resolver(tmp_path)
    first, other = secrets_resolver.resolve(secret("env", "NO_A")), secrets_resolver.resolve(secret("env", "NO_B"))
    assert first != other
    assert secrets_resolver.resolve(secret("env", "NO_A")) == first


TEXTS = [  # what stands behind `!secret`, and what comes of it
    ("NPM_TOKEN={env:A}", "NPM_TOKEN=of a"),
    ("{env:A}:{file:b}@{command:c 'd e'}", "of a:of b@x"),
    ('{"auths": {"h": {"auth": "{env:A}"}}, "x": {y:1}}', '{"auths": {"h": {"auth": "of a"}}, "x": {y:1}}'),
    ("{ env:A } ${env} {{env:A}}\n", "{ env:A } ${env} {of a}\n"),
]


@pytest.mark.parametrize(("text", "value"), TEXTS)
def test_a_text_has_secrets_in_it_and_all_of_it_is_secret(tmp_path: Path, text: str, value: str) -> None:
    (tmp_path / "b").write_text("of b\n")
    secrets_resolver = resolver(tmp_path, {"A": "of a"})
    assert secrets_resolver.resolve(secret("secret", text)) == value
    assert {value, "of a"} <= secrets_resolver.values()
    secrets_resolver.check()


def test_of_a_text_every_missing_part_is_reported_once(tmp_path: Path) -> None:
    secrets_resolver = resolver(tmp_path, {"A": "a"})
    message = complaint(
        secrets_resolver, secret("secret", "{env:A} {env:B} {file:no}", 3), secret("env", "B", 4)
    ).message
    assert message.splitlines() == [
        "inventory.yml:3:5: !env B: not set, in the environment or .env",
        "inventory.yml:3:5: !file no: the file cannot be read: No such file or directory",
    ]
    assert secrets_resolver.values() == {"a"}


def test_commands_run_side_by_side_once_each_and_only_what_is_asked_for_is_reported(tmp_path: Path) -> None:
    meet = threading.Barrier(3)
    ran: list[str] = []

    def run(argv: tuple[str, ...], directory: Path, environ: Mapping[str, str]) -> Output:  # noqa: ARG001
        ran.append(argv[0])
        meet.wait(30)  # none of them ends before all have begun
        return Output(int(argv[0] == "c"), argv[0].encode(), b"")

    secrets_resolver = Resolver({}, tmp_path, run)
    secrets_resolver.begin([secret("command", "a"), secret("secret", "{command:b}{command:a}"), secret("command", "c")])
    assert [secrets_resolver.resolve(secret("command", name)) for name in "ab"] == ["a", "b"]
    secrets_resolver.check()
    assert sorted(ran) == ["a", "b", "c"]
