"""A command that gives a secret runs once per command of runnerops, even if many places and hosts need its value."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runnerops import inventory
from runnerops.engine.gitlab.context import GitlabContext
from runnerops.engine.gitlab.settings import update_settings
from runnerops.engine.hosts.passwords import SudoPasswords
from runnerops.engine.project import open_project
from runnerops.errors import GitlabDownError
from runnerops.model.gitlab import SettingsUpdate
from runnerops.redact import Redactor
from runnerops.report.screen import Screen
from runnerops.secrets import Resolver
from runnerops.secrets.commands import Once, Output

GITLAB = "https://gitlab.example.com"
INVENTORY = f"""
defaults:
  ssh: {{user: ops, sudo_password: !command vault x}}
  gitlab: {{url: {GITLAB}, token: !command vault x}}
  docker: {{labels: [!command vault x]}}
hosts:
  a: {{address: 192.0.2.1}}
  b: {{address: 192.0.2.2, docker: {{labels: [!secret "<{{command:vault x}}>"]}}}}
"""


class Vault:
    """Remembers what it was asked; slow enough that two askers meet."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.ran: list[str] = []
        self.fails = fails
        self.meet = threading.Event()

    def __call__(self, argv: tuple[str, ...], directory: Path, environ: Mapping[str, str]) -> Output:  # noqa: ARG002
        self.ran.append(" ".join(argv))
        self.meet.wait(0.2)
        if self.fails:
            raise self.fails
        return Output(0, b"hunter22-canary\n", b"")


def test_it_runs_once_for_sections_the_sudo_password_and_gitlab(tmp_path: Path) -> None:
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    loaded = inventory.load(tmp_path / "inventory.yml")
    vault, redactor = Vault(), Redactor()
    once = Once(vault)
    passwords = SudoPasswords({}, tmp_path, Screen(), once)
    with ThreadPoolExecutor(2) as threads:  # hosts log in while the inventory is rendered
        begun = [threads.submit(passwords.for_host(host).first) for host in loaded.hosts]
        open_project(loaded, loaded.hosts, Resolver({}, loaded.folder, once), redactor)
        assert {future.result() for future in begun} == {"hunter22-canary"}
    down = {GITLAB: GitlabDownError("it is not reached")}
    for host in loaded.hosts:
        (error,) = update_settings(
            host, [SettingsUpdate("one", 1, ())], GitlabContext(tmp_path, {}, redactor, down, once)
        )
        assert error.message == "it is not reached"
    assert vault.ran == ["vault x"]


@pytest.mark.parametrize("error", [FileNotFoundError(2, "No such file"), TimeoutError()])
def test_one_that_cannot_run_is_not_tried_again(error: Exception, tmp_path: Path) -> None:
    vault = Vault(error)
    once = Once(vault)
    for _ in range(2):
        with pytest.raises(type(error)):
            once(("vault",), tmp_path, {})
    assert vault.ran == ["vault"]


def test_what_takes_long_is_named_without_its_arguments(tmp_path: Path) -> None:
    messages = queue.Queue[str]()
    heard: list[str] = []

    def run(*_: object) -> Output:
        heard.append(messages.get(timeout=60))
        return Output(0, b"x", b"")

    once = Once(run, messages.put, slow_s=0)
    once(("vault", "kv", "hunter22-canary"), tmp_path, {})
    assert heard == ["waiting for !command vault, at most 30 s"]


def test_another_environment_or_folder_is_another_question(tmp_path: Path) -> None:
    vault = Vault()
    once = Once(vault)
    for environ, folder in (({}, tmp_path), ({"A": "b"}, tmp_path), ({}, tmp_path.parent), ({}, tmp_path)):
        once(("vault",), folder, environ)
    assert len(vault.ran) == 3
