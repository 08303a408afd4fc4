"""Which broken connections are tried again, and for how long."""

from __future__ import annotations

import pytest
from paramiko import AuthenticationException, SSHException

from runnerops.ssh import connect

TURNED_AWAY = SSHException("Error reading SSH protocol banner")


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (TURNED_AWAY, True),
        (EOFError(), True),
        (ConnectionResetError(), True),
        (ConnectionRefusedError(), False),
        (TimeoutError(), False),
        (AuthenticationException("no"), False),
        (SSHException("No existing session"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_connection_that_ends_before_the_login_is_tried_again(
    error: Exception, again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "_PAUSES", (0.001, 0.001))
    tries = 0

    def flaky() -> str:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise error
        return "there"

    if again:
        assert connect.retry_connect(flaky) == "there"
    else:
        with pytest.raises(type(error)):
            connect.retry_connect(flaky)
        assert tries == 1


def test_after_the_last_attempt_the_host_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "_PAUSES", (0.001,) * 3)

    def fail() -> None:
        raise TURNED_AWAY

    with pytest.raises(SSHException, match="protocol banner"):
        connect.retry_connect(fail)
