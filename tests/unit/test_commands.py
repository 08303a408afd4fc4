"""check, render and hosts as a user types them, without a host: output, exit codes, and that no secret is shown."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from runnerops.commands.check import CheckOptions, check
from runnerops.commands.hosts import hosts
from runnerops.commands.render import render
from runnerops.engine.options import Invocation
from runnerops.errors import SecretError, TemplateError, UsageError
from runnerops.model.common import Exit
from runnerops.report.screen import Screen

TEXT = """
hosts:
  r:
    docker: {log-opts: {max-size: 10m}}
    gitlab_runner:
      concurrent: 4
      runners: [{name: a, url: "https://gitlab.example.com", executor: shell, token: !env TOKEN}]
"""
TOKEN = "glrt-canary-aaaaaaaaaaaaaaa"


class Typed:
    """A project folder and what a command said."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "inventory.yml"
        self.out, self.err = io.StringIO(), io.StringIO()
        self.screen = Screen(out=self.out, err=self.err)

    @property
    def said(self) -> str:
        return self.out.getvalue() + self.err.getvalue()


@pytest.fixture(name="typed")
def fixture_typed(tmp_path: Path) -> Typed:
    typed = Typed(tmp_path)
    typed.path.write_text(TEXT)
    return typed


def test_a_sound_inventory(typed: Typed) -> None:
    assert check(typed.path, (), {"TOKEN": TOKEN}, typed.screen, CheckOptions(strict=True)) is Exit.OK
    assert "1 host checked: 0 errors, 0 warnings" in typed.said


def test_a_file_that_never_ends_is_too_large(typed: Typed) -> None:
    assert check(typed.path, ["/dev/zero"], {}, typed.screen, CheckOptions(kind="daemon")) is Exit.OK
    assert "/dev/zero:1:1: warning: is larger than 4 MiB, so no rule was run on it [P005]" in typed.said


def test_one_long_name_does_not_widen_the_table_of_hosts(typed: Typed) -> None:
    long = "build-machine" * 8
    typed.path.write_text(f"hosts: {{a: {{address: 192.0.2.1}}, {long}: {{address: 192.0.2.2, docker: {{}}}}}}")
    assert hosts(Invocation(typed.path, [], {}, typed.screen), "", as_json=False) is Exit.OK
    assert typed.out.getvalue().splitlines() == [
        "HOST  ADDRESS    GROUPS  MANAGED  MIRRORS",
        "a     192.0.2.1  -       -        -",
        f"{long}  192.0.2.2  -       docker   -",
    ]


def test_the_table_of_hosts_shows_maintenance(typed: Typed) -> None:
    typed.path.write_text(
        'hosts: {a: {maintenance: "until 2999-12-01 18:00 UTC, disk swap"}, b: {maintenance: moved}, c: , '
        'd: {maintenance: "until 2001-12-01 18:00 UTC, disk swap"}}'
    )
    assert hosts(Invocation(typed.path, [], {}, typed.screen), "", as_json=False) is Exit.OK
    assert [line.split("  ")[-1].strip() for line in typed.out.getvalue().splitlines()] == [
        "MAINTENANCE",
        "until 2999-12-01 18:00 UTC: disk swap",
        "moved",
        "-",
        "ended 2001-12-01 18:00 UTC: disk swap",
    ]
    typed.out.truncate(0)
    typed.out.seek(0)
    assert hosts(Invocation(typed.path, [], {}, typed.screen), "", as_json=True) is Exit.OK
    notes = [host["maintenance"] for host in json.loads(typed.out.getvalue())["hosts"]]
    assert notes == ["disk swap", "moved", None, None]


def test_check_goes_without_secrets_where_they_are_not_there(typed: Typed) -> None:
    """A merge request has no protected variables."""
    assert check(typed.path, (), {}, typed.screen) is Exit.OK
    assert "!env TOKEN: not set" in typed.said
    assert check(typed.path, (), {}, typed.screen, CheckOptions(strict=True)) is Exit.FAILED


def test_a_finding_has_the_inventorys_place(typed: Typed) -> None:
    typed.path.write_text(TEXT.replace("concurrent: 4", "concurrent: 0"))
    assert check(typed.path, (), {"TOKEN": TOKEN}, typed.screen, CheckOptions(as_json=True)) is Exit.FAILED
    (finding,) = json.loads(typed.out.getvalue())["findings"]
    assert (finding["rule"], finding["key"], finding["place"]["line"]) == ("R001", "concurrent", 6)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("config.toml", "concurrent = 0\n", "R001"),
        ("config.toml", "a = [\n", "config.toml:"),
        ("daemon.json", '{"log-opts": {"max-size": 10}}', "D004"),
        ("daemon.json", '{"bip": "x"}', "D008"),
        ("docker-compose.yml", "services: [", "this is not valid YAML"),
        ("stack.yml", "services: {a: {imge: x}}\n", "K001"),
        ("stack.yml", '\ufeff"services": {a: {imge: x}}\n', "K001"),
        ("stack.yml", "{services: {a: {imge: x}}}\n", "K001"),
        ("parts.yml", "include: [other.yml]\nvolums: {}\n", "K001"),
        ("config.yml", "version: 0.2\nstorage: {inmemory: {}}\n", "C008"),
    ],
)
def test_a_single_file_with_an_error_fails(typed: Typed, tmp_path: Path, name: str, content: str, says: str) -> None:
    (tmp_path / name).write_text(content)
    assert check(typed.path, [str(tmp_path / name)], {}, typed.screen) is Exit.FAILED
    assert says in typed.said


def test_a_file_whose_kind_nobody_can_tell(typed: Typed) -> None:
    with pytest.raises(UsageError, match="--as") as caught:
        check(typed.path, ["x"], {}, typed.screen, CheckOptions(kind="nonsense"))
    with pytest.raises(UsageError, match="there is no file"):
        check(typed.path, [], {}, typed.screen, CheckOptions(kind="compose"))
    assert "daemon" in caught.value.hint


def test_a_path_that_is_no_single_file_is_usage(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "some.yml").write_text("hosts:\n  a: {address: 192.0.2.1}\n")
    for name, problem, hint in (
        ("some.yml", "this is an inventory", "--inventory"),
        (".", "Is a directory", "name a file"),
        ("none", "No such file", "name a file"),
    ):
        with pytest.raises(UsageError, match=problem) as caught:
            check(typed.path, [str(tmp_path / name)], {}, typed.screen)
        assert hint in caught.value.hint


def test_render_masks_on_screen_and_needs_every_secret(typed: Typed) -> None:
    render(Invocation(typed.path, (), {"TOKEN": TOKEN}, typed.screen), None, with_secrets=False)
    assert "max-size" in typed.said
    assert "canary" not in typed.said
    with pytest.raises(SecretError):
        render(Invocation(typed.path, (), {}, typed.screen), None, with_secrets=False)


def test_render_as_json_masks_too_and_says_where_it_wrote(typed: Typed, tmp_path: Path) -> None:
    def said(directory: Path | None) -> dict[str, Any]:
        out = io.StringIO()
        invocation = Invocation(typed.path, (), {"TOKEN": TOKEN}, Screen(out=out, err=io.StringIO()))
        render(invocation, directory, with_secrets=bool(directory), as_json=True)
        assert TOKEN not in out.getvalue()
        document = json.loads(out.getvalue())
        assert (document["version"], [host["host"] for host in document["hosts"]]) == (1, ["r"])
        return next(file for file in document["hosts"][0]["files"] if file["path"] == "/etc/gitlab-runner/config.toml")

    shown, kept = said(None), said(tmp_path / "out")
    assert TOKEN in Path(kept["written"]).read_text()
    assert (shown["service"], shown["mode"], shown["owner"]) == ("gitlab_runner", "0600", "root:root")
    assert "concurrent = 4" in shown["content"]
    assert (shown["written"], kept.keys()) == (None, shown.keys())


def test_render_writes_private_files_with_secrets_only_when_told(typed: Typed, tmp_path: Path) -> None:
    written = tmp_path / "out/r/etc/gitlab-runner/config.toml"
    for with_secrets in (False, True):
        render(Invocation(typed.path, (), {"TOKEN": TOKEN}, typed.screen), tmp_path / "out", with_secrets=with_secrets)
        assert (TOKEN in written.read_text()) is with_secrets
        assert written.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="CI"):
        render(Invocation(typed.path, (), {"TOKEN": TOKEN, "CI": "true"}, typed.screen), tmp_path, with_secrets=True)
    with pytest.raises(UsageError, match="screen"):
        render(Invocation(typed.path, (), {"TOKEN": TOKEN}, typed.screen), None, with_secrets=True)


def test_hosts_and_where_their_values_come_from(typed: Typed) -> None:
    hosts(Invocation(typed.path, (), {}, typed.screen), "", as_json=False)
    hosts(Invocation(typed.path, (), {}, typed.screen), "r", as_json=False)
    assert "docker,gitlab-runner" in typed.said
    assert "gitlab_runner.concurrent = 4" in typed.said
    assert "!env TOKEN" in typed.said


@pytest.mark.parametrize("as_json", [False, True])
def test_passwords_that_stand_in_clear_are_masked(typed: Typed, *, as_json: bool) -> None:
    ssh = "{sudo_password: hunter-two, key: ~/.ssh/ci, user: ci}"
    typed.path.write_text(
        f"hosts:\n  r: {{ssh: {ssh}, gitlab: {{url: 'https://gitlab.example.com', token: hunter-three}}}}\n"
    )
    hosts(Invocation(typed.path, (), {}, typed.screen), "r", as_json=as_json)
    assert "hunter" not in typed.said
    assert "~/.ssh/ci" in typed.said


VARIABLES = """
defaults:
  vars: {team: ci, tag: "3", cache_token: hunter-one, pull: hunter-two, pin: 4711, inner: hunter-three, older: hunter-four,
    outer: "{{ vars.inner }}", deep: {list: [web, "https://me:hunter-five@example.com"]}, again: hunter-six}
  gitlab_runner:
    runners:
      - {name: "a-{{ vars.team }}", url: "https://gitlab.example.com", executor: docker, token: "{{ vars.older }}",
         docker: {image: "alpine:{{ vars.tag }}"},
         environment: ["A_PASSWORD={{ vars.pull }}", "A_PIN={{ vars.pin }}", "B_PASSWORD=x{{ vars.outer }}",
           "C_TOKEN={{ vars.pin }}", "D_TOKEN=hunter-six"]}
hosts: {r: {gitlab_runner: {runners: [{name: "a-{{ vars.team }}", token: !env "{{ vars.team | upper }}_TOKEN"}]}}}
"""


@pytest.mark.parametrize("as_json", [False, True])
def test_a_variable_is_shown_unless_it_is_secret_or_a_secret_is_made_of_it(typed: Typed, *, as_json: bool) -> None:
    typed.path.write_text(VARIABLES)
    hosts(Invocation(typed.path, (), {}, typed.screen), "r", as_json=as_json)
    assert "hunter" not in typed.said
    for name, value in (("team", "ci"), ("tag", "3")):
        expected = f'"key": "vars.{name}",\n      "value": "{value}"' if as_json else f"vars.{name} = {value}\n"
        assert expected in typed.said
    assert "!env CI_TOKEN" in typed.said
    assert "example.com" in typed.said.partition("vars.deep")[2].partition("vars.again")[0]
    pin = typed.said.partition("vars.pin")[2].partition("vars.inner")[0]
    assert "4711" not in pin
    assert "********" in pin


TWO = """
defaults:
  docker: {log-opts: {max-size: 10m}}
  gitlab_runner:
    concurrent: 1
    runners:
      - {name: a, url: "https://gitlab.example.com", executor: shell, token: !env TOKEN}
      - {name: build, url: "ftp://gitlab.example.com", executor: shell, token: !env OTHER}
hosts: {r: {}, s: {address: 192.0.2.2}}
"""


def test_a_finding_of_two_hosts_is_shown_once_with_the_runners_name(typed: Typed) -> None:
    typed.path.write_text(TWO)
    environ = {"TOKEN": TOKEN, "OTHER": TOKEN[::-1]}
    assert check(typed.path, (), environ, typed.screen) is Exit.FAILED
    assert typed.said.count("runners[1].url (build): must be an http or https address [R004]") == 1
    assert check(typed.path, (), environ, typed.screen, CheckOptions(as_json=True)) is Exit.FAILED


def test_a_broken_template_is_shown_once_for_all_hosts(typed: Typed) -> None:
    typed.path.write_text(TWO)
    (typed.path.parent / "templates").mkdir()
    (typed.path.parent / "templates/daemon.json.j2").write_text("{{ nonsense")
    with pytest.raises(TemplateError) as caught:
        check(typed.path, (), {"TOKEN": TOKEN}, typed.screen)
    assert caught.value.message.count("daemon.json.j2") == 1


@pytest.mark.parametrize(
    ("demanded", "dotenv", "environ", "found"),
    [
        ("${A:?}", None, {}, True),
        ("${A:?}", "A=1\n", {}, False),
        ("${A:?}", "# A=1\nexport A = 'x'\n", {}, False),
        ("${A:?}", "A=\n", {}, True),
        ("${A:?}", 'A="" # none\n', {}, True),
        ("${A?}", "A=\n", {}, False),
        ("${A?}", "A\n", {}, True),
        ("${A?}", None, {"A": ""}, False),
        ("${A?}${A:?}", "A=\n", {}, True),
        ("${A:?}", "A=1\n", {"A": ""}, True),  # the environment wins
        ("${A:?} ${B:?}", "A=1\n", {}, True),
        ("$${A:?}", None, {}, False),
    ],
)
def test_variables_of_a_compose_file_may_stand_beside_it(
    tmp_path: Path, demanded: str, dotenv: str | None, environ: dict[str, str], found: bool
) -> None:
    typed = Typed(tmp_path)
    file = tmp_path / "compose.yml"
    file.write_text(f"services: {{a: {{image: 'a:{demanded}'}}}}\n")
    if dotenv is not None:
        (tmp_path / ".env").write_text(dotenv)
    assert check(typed.path, [str(file)], environ, typed.screen) is Exit.OK
    assert ("K005" in typed.said) is found, typed.said


@pytest.mark.parametrize(
    ("volume", "environ", "found"),
    [
        ("${A}:/x", {}, True),
        ("${A}:/x", {"A": ""}, True),
        ("${A}:/x", {"A": "/a"}, False),
        ("${A:-/a}:/x", {}, False),
        ("${A:-${B}}:/x", {}, True),
        ("${A:-${B}}:/x", {"B": "/b"}, False),
        ("${A:-${B}}:/x", {"A": "/a"}, False),
        ("$A${B}:/x", {"B": "/b"}, False),
        ("$A$B:/x", {"A": "/a"}, False),
        ("${A}:${B}", {"A": "/a"}, True),
        ("${A}:${B}", {"A": "/a", "B": "/b"}, False),
        ("${A}:/x${B}", {"A": "/a"}, False),
        ("${A:+/a}:${B}", {"A": "1"}, True),
        ("${A:?}:${B}", {"A": "/a"}, True),
        ("${A:-x}:/x:${B-ro}", {"A": "/$$a"}, False),
    ],
)
def test_a_variable_without_which_a_value_is_wrong(
    tmp_path: Path, volume: str, environ: dict[str, str], found: bool
) -> None:
    typed = Typed(tmp_path)
    file = tmp_path / "compose.yml"
    file.write_text(f"services: {{a: {{image: a, volumes: ['{volume}']}}}}\n")
    assert check(typed.path, [str(file)], environ, typed.screen) is Exit.OK
    assert ("K006" in typed.said) is found, typed.said
    assert not [name for name, value in environ.items() if value and f"while {name}" in typed.said], typed.said


@pytest.mark.parametrize(
    ("dotenv", "found"),
    [
        ("A='/a'\nB=\n", True),
        ('A="/a" # c\n', True),
        ("A=/a # c\n", True),
        ("A=$C/a\n", True),
        ("A=/a\nB=/b\n", False),
    ],
)
def test_a_value_of_the_file_beside_it_is_put_in(tmp_path: Path, dotenv: str, found: bool) -> None:
    typed = Typed(tmp_path)
    file = tmp_path / "compose.yml"
    file.write_text("services: {a: {image: a, volumes: ['${A}:${B}']}}\n")
    (tmp_path / ".env").write_text(dotenv)
    check(typed.path, [str(file)], {}, typed.screen)
    assert ("while B is not set" in typed.said) is found, typed.said


def test_no_value_of_the_environment_is_shown(tmp_path: Path) -> None:
    typed = Typed(tmp_path)
    file = tmp_path / "compose.yml"
    file.write_text(
        "services: {a: {image: 'a', mem_limit: '${A}${B}', volumes: ['${A}${B}:x'], networks: ['${A}${B}']}}\n"
    )
    check(typed.path, [str(file)], {"A": "hush-hush"}, typed.screen)
    assert "K006" in typed.said
    assert "hush" not in typed.said


def test_a_file_that_is_too_large_is_not_checked(tmp_path: Path) -> None:
    typed = Typed(tmp_path)
    file = tmp_path / "daemon.json"
    file.write_text('{"no-such-key": true}' + " " * (4 << 20))
    assert check(typed.path, [str(file)], {}, typed.screen) is Exit.OK
    assert "P005" in typed.said
    assert "no-such-key" not in typed.said


def test_a_dotenv_that_cannot_be_read_gives_nothing(tmp_path: Path) -> None:
    typed = Typed(tmp_path)
    (tmp_path / "compose.yml").write_text("services: {a: {image: 'a:${A:?}'}}\n")
    (tmp_path / ".env").symlink_to("/proc/self/mem")  # a file whose reading fails, for root too
    file = str(tmp_path / "compose.yml")
    assert check(typed.path, [file], {}, typed.screen) is Exit.OK
    assert "K005" in typed.said
