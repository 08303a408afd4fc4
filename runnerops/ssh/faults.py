"""Turns what goes wrong on the way to a host into errors that a user can act on. Loads paramiko: import it late."""

from __future__ import annotations

import socket

from paramiko.common import OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
from paramiko.ssh_exception import (
    AuthenticationException,
    ChannelException,
    IncompatiblePeer,
    NoValidConnectionsError,
    ProxyCommandFailure,
    SSHException,
)

from runnerops.errors import HostError
from runnerops.ssh.hop import Hop
from runnerops.ssh.transport import TurnedAwayError

_SILENCES = {"No existing session", "Timeout opening channel."}
"""The message of paramiko 5 when a key exchange timed out, or while a gateway still tries to reach the host."""
PENALTY = "Not allowed at this time"
"""What sshd says during a penalty, since OpenSSH 9.8 (`drop_connection` in its sshd.c)."""
_PENALISED = (
    "refuses connections from this address for some time, after failed or interrupted logins (PerSourcePenalties)"
)
_UNSTABLE = "check its log, and whether the network is stable"
_UP = "check whether the host is up and accepts connections from this machine"


def is_turned_away(error: Exception) -> bool:
    """Whether the connection ended before the login (MaxStartups, unstable network): worth another try."""
    if isinstance(error, EOFError | ConnectionResetError | TurnedAwayError):
        return True
    return isinstance(error, SSHException) and "protocol banner" in str(error)


def is_penalty(error: Exception) -> bool:
    """Whether sshd refuses connections from this address for some time (PerSourcePenalties)."""
    return isinstance(error, TurnedAwayError) and error.said == PENALTY


def penalty_text(hop: Hop, seconds: float) -> str:
    """What a person is told during the wait for the end of a penalty."""
    return f"{_where(hop)} {_PENALISED}; trying again for {seconds:.0f} s"


def explain(hop: Hop, error: Exception) -> HostError:
    """A HostError whose place is the hop that failed: `user@address:port`, marked if it is a gateway."""
    problem, hint = _no_kind(hop, error) or _problem(hop, error)
    return HostError(hop.host, f"{_where(hop)}: {problem}", hint)


def closed_after_login(hop: Hop) -> HostError:
    """The error for a hop that let us in, and then closed the connection."""
    return HostError(hop.host, f"{_where(hop)}: it closed the connection right after the login", _UNSTABLE)


def _where(hop: Hop) -> str:
    connection = hop.connection
    address = f"[{connection.host}]" if ":" in connection.host else connection.host
    return f"{'gateway ' if hop.gateway else ''}{connection.user}@{address}:{connection.port}"


def _no_kind(hop: Hop, error: Exception) -> tuple[str, str] | None:
    """The problem and the fix, if the host has no key of the kinds that the user's own list allows."""
    if (
        isinstance(error, IncompatiblePeer)
        and "host key" in str(error)
        and "hostkeyalgorithms" in hop.connection.ssh_config
    ):
        return "HostKeyAlgorithms of ssh_config excludes all kinds of host keys that it has", "add its kind there"
    return None


def _problem(hop: Hop, error: Exception) -> tuple[str, str]:
    if isinstance(error, AuthenticationException):
        return _refused(hop)
    if is_turned_away(error):
        return _turned_away(error)
    if isinstance(error, TimeoutError) or str(error) in _SILENCES:
        return f"no answer within {hop.connection.connect_timeout} s", _UP
    if isinstance(error, ChannelException) and error.code == OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED:
        return (
            "the gateway does not forward connections to it",
            "check AllowTcpForwarding and PermitOpen on the gateway",
        )
    for kind, problem, hint in _KINDS:
        if isinstance(error, kind):
            return problem.format(_text(error)), hint
    return _text(error), _UP


_KINDS: tuple[tuple[type[Exception], str, str], ...] = (
    (socket.gaierror, "no such name", "set `address` in the inventory, or HostName in ssh_config"),
    (
        ChannelException,
        "the gateway cannot reach it",
        "check whether it is up, and whether the gateway may connect to it",
    ),
    (IncompatiblePeer, "no common algorithms: {}", "its SSH server is too old, or too strict: update it"),
    (ProxyCommandFailure, "ProxyCommand failed: {}", "try the command of ssh_config by hand"),
)


def _turned_away(error: Exception) -> tuple[str, str]:
    if isinstance(error, EOFError | ConnectionResetError):
        return "it closed the connection before a login", _UNSTABLE
    if is_penalty(error):
        return (
            f"it {_PENALISED}",
            "correct the cause of the failures (see its log), then wait: usually a minute, at most ten",
        )
    message = f" ({error.said})" if isinstance(error, TurnedAwayError) else ""
    problem = f"it closes connections before the SSH protocol begins{message}"
    return problem, "check the port, and MaxStartups and PerSourcePenalties in its sshd_config"


def _refused(hop: Hop) -> tuple[str, str]:
    """The problem and the fix after a refused login. sshd gives no reason, so we list what was tried."""
    attempt, user = hop.attempt, hop.connection.user
    if not attempt.tried:
        problem = "no private key to log in with" + "".join(f"; {note}" for note in attempt.notes)
        return (
            problem,
            "set SSH_PRIVATE_KEY or ssh.key, or load a key into an agent (SSH_KEY_PASSPHRASE opens a locked one)",
        )
    problem = "; ".join((f"authentication failed; tried {', '.join(attempt.tried)}", *attempt.notes))
    return problem, f"put the public key into ~{user}/.ssh/authorized_keys there, or name another with ssh.key"


def _text(error: Exception) -> str:
    if isinstance(error, NoValidConnectionsError):
        return _text(next(iter(error.errors.values())))
    text = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
    return text.splitlines()[0][:200].lower()
