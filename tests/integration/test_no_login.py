"""`runnerops diff --no-login` with a real sshd: host keys are checked, nobody logs in, and no secret is needed."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from runnerops.commands.diff import DiffOptions, diff
from runnerops.engine.options import Flags, Invocation
from runnerops.errors import UsageError
from runnerops.model.common import Exit
from runnerops.report.screen import Screen
from tests.integration.sshd import ADDRESS, USER, Sshd

INVENTORY = """\
hosts:
  web-1:
    address: {address}
    ssh: {{user: {user}, port: {port}, key: /nowhere/of/this/name}}
    docker: {{registry-mirrors: []}}
    gitlab_runner:
      concurrent: {concurrent}
      runners: [{{name: a, url: "https://gitlab.example.com", executor: shell, token: !env NOT_SET}}]
"""


def look(folder: Path, sshd: Sshd, known_hosts: str, *, port: int = 0, concurrent: int = 1) -> tuple[Exit, str]:
    path = folder / "inventory.yml"
    path.write_text(INVENTORY.format(address=ADDRESS, user=USER, port=port or sshd.port, concurrent=concurrent))
    (folder / "known_hosts").write_text(known_hosts)
    out = io.StringIO()
    environ = {"HOME": str(folder), "CI": "true"}
    code = diff(Invocation(path, (), environ, Screen(out=out, err=out)), Flags({}), DiffOptions(no_login=True))
    return code, out.getvalue()


def test_host_keys_are_checked_and_nobody_logs_in(tmp_path: Path, sshd: Sshd) -> None:
    known_hosts = sshd.line("ed25519")
    code, output = look(tmp_path, sshd, known_hosts)
    assert code is Exit.OK, output
    for words in ("NOT_SET: not set", "its host key is the known one", "config.toml  rendered, not compared"):
        assert words in output
    assert output.splitlines()[-2].startswith("not done without a login: ")
    assert output.splitlines()[-1] == "1 host: 1 with a known key, none compared"

    cases = [
        (look(tmp_path, sshd, ""), "the host key of"),
        (look(tmp_path, sshd, sshd.line("other")), "the host key of"),
        (look(tmp_path, sshd, known_hosts, port=1), "connection refused"),
        (look(tmp_path, sshd, known_hosts, concurrent=0), "[R001]"),
    ]
    for (failed, text), words in cases:
        assert failed is Exit.FAILED, text
        assert words in text
    assert not sshd.asked_to_log_in


def test_a_host_in_maintenance_is_not_contacted_and_fails_nothing(tmp_path: Path) -> None:
    text = "hosts: {a: {address: 127.0.0.1, ssh: {port: 1}, maintenance: disk swap, docker: {}}}\n"
    (tmp_path / "i.yml").write_text(text)
    for allow, expected in ((Flags({}), Exit.OK), (Flags({"maintenance": frozenset({""})}), Exit.FAILED)):
        out = io.StringIO()
        screen = Screen(out=out, err=out)
        assert (
            diff(Invocation(tmp_path / "i.yml", (), {"HOME": str(tmp_path)}, screen), allow, DiffOptions(no_login=True))
            is expected
        )
        assert ("in maintenance: disk swap" in out.getvalue()) is (expected is Exit.OK)
    assert "1 host: 0 with a known key, none compared" in out.getvalue()


def test_no_login_as_json_has_no_plan(tmp_path: Path, sshd: Sshd) -> None:
    look(tmp_path, sshd, sshd.line("ed25519"))
    out = io.StringIO()
    path, environ = tmp_path / "inventory.yml", {"HOME": str(tmp_path)}
    diff(Invocation(path, (), environ, Screen(out=out)), Flags({}), DiffOptions(as_json=True, no_login=True))
    (host,) = json.loads(out.getvalue())["hosts"]
    assert (host["host"], host["result"]) == ("web-1", "not-compared")
    assert {file["state"] for file in host["files"]} == {"not compared"}
    with pytest.raises(UsageError, match="no plan"):
        diff(
            Invocation(path, (), environ, Screen()),
            Flags({}),
            DiffOptions(save_plan=tmp_path / "p.json", no_login=True),
        )
