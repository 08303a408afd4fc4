"""Where sudo passwords come from, and which one is used for a host."""

from __future__ import annotations

from pathlib import Path

from runnerops.engine.hosts.passwords import SudoPasswords
from runnerops.model.common import Secret, SourceLocation
from runnerops.model.inventory import Host, Ssh
from runnerops.report.screen import Screen
from runnerops.ssh.root import VARIABLE


class Typist(Screen):
    """Somebody who types the right one, once asked."""

    asked = 0

    def ask_secret(self, question: str) -> str:  # noqa: ARG002
        self.asked += 1
        return "right"


def test_another_password_is_asked_for_once_and_a_host_goes_on_with_it() -> None:
    screen = Typist()
    passwords = SudoPasswords({VARIABLE: "wrong"}, Path(), screen)
    one, two = (passwords.for_host(Host(name, name)) for name in ("one", "two"))
    assert (one.first(), one.retry("wrong"), one.first()) == ("wrong", "right", "right")
    assert (two.first(), two.retry("wrong"), two.first()) == ("wrong", "right", "right"), "it may be right for this one"
    assert one.retry("right") == ""
    assert screen.asked == 1


def test_the_secrets_inside_a_password_are_masked_too() -> None:
    screen = Screen()
    secret = Secret("secret", "a-{env:INNER}", SourceLocation("inventory.yml", 1, 1))
    host = Host("one", "one", ssh=Ssh(sudo_password=secret))
    assert SudoPasswords({"INNER": "inner-value"}, Path(), screen).for_host(host).first() == "a-inner-value"
    assert "inner-value" not in screen.redactor.text("said: inner-value")
