"""Replaces tokens (`%h`), variables and `~` in values of ssh_config, as OpenSSH does. Loads paramiko: import it late."""

from __future__ import annotations

import getpass
import os
import re
import shlex
import socket
from hashlib import sha1

from paramiko import SSHException
from paramiko.config import SSHConfigDict

from runnerops.ssh.config_values import port_of
from runnerops.ssh.home import ssh_home

_ANY = "CdhikLlnpru"
_TOKENS = {
    "hostname": "h",
    "proxycommand": "hnpr",
    "proxyjump": "hnpr",
    "match-exec": _ANY,
    "identityfile": _ANY,
    "certificatefile": _ANY,
    "identityagent": _ANY,
    "userknownhostsfile": _ANY,
}
_PATHS = frozenset({"identityfile", "certificatefile", "identityagent", "userknownhostsfile", "globalknownhostsfile"})


def expanded(config: SSHConfigDict, target: str, key: str, value: str) -> str:
    """The value of a key, for the host `target`."""
    if key in _PATHS:
        value = shlex.join(_file(word) for word in shlex.split(value)) if _is_list(key) else _file(value)
    tokens = _TOKENS.get(key, "")
    return replaced(value, tokens, config, target) if tokens else value


def _is_list(key: str) -> bool:
    return key.endswith("knownhostsfile")


def _file(path: str) -> str:
    """A path with variables and `~` replaced. An undefined variable is kept, so no such file is found."""
    path = re.sub(r"\$\{(\w+)\}", lambda match: os.environ.get(match[1], match[0]), path)
    if path == "~" or path.startswith("~/"):
        return str(ssh_home(os.environ) / path[2:])
    return os.path.expanduser(path)  # which leaves alone what names an unknown user


def replaced(text: str, allowed: str, config: SSHConfigDict, target: str) -> str:
    """A text with its tokens replaced. `allowed` are their letters; `h` alone means the host that was asked for, which
    HostName may name. Raises SSHException for another token.
    """
    return re.sub("%(.)", lambda match: _token(match[1], allowed, config, target), text)


def _token(letter: str, allowed: str, config: SSHConfigDict, target: str) -> str:
    if letter == "%":
        return "%"
    if letter not in allowed:
        raise SSHException(f"%{letter} cannot be used there; %% is a percent sign")
    user, host = getpass.getuser(), config.get("hostname", target)
    remote, local_name = config.get("user", user), socket.gethostname()
    port = config.get("port", "22")
    port = str(port_of(port) or port)
    values = {
        "d": str(ssh_home(os.environ)),
        "h": host if allowed != "h" else target,
        "i": str(os.getuid()),
        "k": config.get("hostkeyalias", target),
        "L": local_name.split(".")[0],
        "l": local_name,
        "n": target,
        "p": port,
        "r": remote,
        "u": user,
    }
    hashed = sha1(f"{local_name}{host}{port}{remote}".encode()).hexdigest()  # noqa: S324  OpenSSH's own hash, not a secret
    return {**values, "C": hashed}[letter]
