"""What ssh_config says about one host, as OpenSSH understands it. Corrects where paramiko and Fabric differ from
OpenSSH.

Settings that matter and are not supported are refused by name (`refusal`). Loads paramiko: import it late.
"""

from __future__ import annotations

import getpass
import os
import re
import shlex
import socket
import subprocess
from collections.abc import Mapping
from hashlib import sha1
from pathlib import Path
from typing import Any

from paramiko import SSHConfig, SSHException
from paramiko.config import SSHConfigDict

from runnerops.patterns import late_pattern
from runnerops.ssh.algorithms import VERIFIED, allowed_algorithms
from runnerops.ssh.config_values import port_of
from runnerops.ssh.home import ssh_home

UNREAD = "unreadmatch"
"""Prefix of the key under which the lines of a `Match` are kept that cannot be decided here; a keyword follows."""
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
_TIME = late_pattern(r"(\d+)([smhdw]?)", re.IGNORECASE)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_TRUE = frozenset({"yes", "true"})


class Settings(SSHConfig):
    """Answers every lookup, also for jump hosts."""

    def __init__(self) -> None:
        super().__init__()
        self._config: list[Any]
        self._given: dict[str, Mapping[str, str]] = {}

    def with_login(self, hostname: str, user: str | None, port: int | None) -> Settings:
        """The same settings with this host's user and port given elsewhere. They take precedence, as on ssh's command
        line.
        """
        other = Settings()
        other._config = self._config
        values = {"user": user, "port": str(port) if port else None}
        other._given = {hostname: {key: value for key, value in values.items() if value}}
        return other

    def lookup(self, hostname: str) -> SSHConfigDict:
        """The values, with tokens, `~` and variables replaced. No agent is ever forwarded. Raises SSHException."""
        settings = super().lookup(hostname)
        _choose_way(settings)
        if (port := port_of(settings.get("port", ""))) is not None:
            settings["port"] = str(port)
        for key in {"serveralivecountmax", "requiredrsasize"} & settings.keys():
            settings[key] = settings[key].removeprefix("+")
        for key in ("connecttimeout", "serveraliveinterval"):
            seconds = _seconds(settings.pop(key, ""))
            if seconds:
                settings[key] = str(seconds)
        settings.pop("forwardagent", None)
        return settings

    def _lookup(
        self, hostname: str, options: SSHConfigDict | None = None, canonical: bool = False, final: bool = False
    ) -> SSHConfigDict:
        """Reads the files a second time only if a `Match final` or a canonical name requires it."""
        usual: Any = super()  # the type stubs have only the public methods
        if options is None:
            options = SSHConfigDict(self._given.get(hostname, {}))
        elif not canonical and not self._has_final():
            usual._expand_variables(options, hostname)
            return options
        settings: SSHConfigDict = usual._lookup(hostname, options, canonical, final)
        settings.setdefault("canonicaldomains", "")  # paramiko needs it if CanonicalizeHostname is on
        return settings

    def _has_final(self) -> bool:
        return any(condition["type"] == "final" for block in self._config for condition in block.get("matches", ()))

    def _does_match(
        self,
        match_list: list[dict[str, Any]],
        target_hostname: str,
        canonical: bool,
        final: bool,
        options: SSHConfigDict,
    ) -> bool:
        """Whether all conditions of a `Match` hold. An `exec` command gets no input, and only runs if its result
        matters.
        """
        user = getpass.getuser()
        values = {
            "host": options.get("hostname", target_hostname),
            "originalhost": target_hostname,
            "user": options.get("user", user),
            "localuser": user,
        }

        def holds(kind: str, param: str) -> bool:
            if kind == "exec":
                line = self._tokenize(options, target_hostname, "match-exec", param)
                null = subprocess.DEVNULL
                return subprocess.run(["/bin/sh", "-c", line], stdin=null, stdout=null, check=False).returncode == 0
            matches: Any = self
            return bool(matches._pattern_matches(param, values[kind]))

        flags = {"all": True, "canonical": canonical, "final": final}
        return all(
            (flags[entry["type"]] if entry["type"] in flags else holds(entry["type"], entry["param"]))
            != entry["negate"]
            for entry in match_list
        ) and bool(match_list)

    def _tokenize(self, config: SSHConfigDict, target_hostname: str, key: str, value: str) -> str:
        if key in _PATHS:
            value = shlex.join(_file(word) for word in shlex.split(value)) if _is_list(key) else _file(value)
        tokens = _TOKENS.get(key, "")
        return (
            re.sub("%(.)", lambda match: _token(match[1], tokens, config, target_hostname), value) if tokens else value
        )


def _is_list(key: str) -> bool:
    return key.endswith("knownhostsfile")


def _file(path: str) -> str:
    """A path with variables and `~` replaced. An undefined variable is kept, so no such file is found."""
    expanded = re.sub(r"\$\{(\w+)\}", lambda match: os.environ.get(match[1], match[0]), path)
    if expanded == "~" or expanded.startswith("~/"):
        return str(ssh_home(os.environ) / expanded[2:])
    return str(Path(expanded).expanduser()) if expanded.startswith("~") else expanded


def _token(letter: str, allowed: str, config: SSHConfigDict, target: str) -> str:
    if letter == "%":
        return "%"
    if letter not in allowed:
        raise SSHException(f"%{letter} cannot be used there; %% is a percent sign")
    user, host = getpass.getuser(), config.get("hostname", target)
    port, remote, local_name = config.get("port", "22"), config.get("user", user), socket.gethostname()
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


def _choose_way(settings: SSHConfigDict) -> None:
    """Keeps the first of ProxyJump and ProxyCommand; `none` means neither."""
    keys = list(settings)
    if "proxyjump" in settings and settings["proxyjump"].lower() == "none":
        del settings["proxyjump"]
    elif {"proxyjump", "proxycommand"} <= settings.keys():
        del settings[max("proxyjump", "proxycommand", key=keys.index)]
    if "proxyjump" in settings:
        hops = [hop.strip().removeprefix("ssh://").rstrip("/") for hop in settings["proxyjump"].split(",")]
        settings["proxyjump"] = ",".join(hops)


def _seconds(text: str) -> int:
    """Converts a time of ssh_config (`90`, `1m30s`) to seconds; 0 if it is not a time."""
    parts = [(int(number), unit.lower()) for number, unit in _TIME.findall(text)]
    return sum(number * _SECONDS[unit] for number, unit in parts) if _TIME.sub("", text) == "" else 0


def is_yes(settings: Mapping[str, str], key: str) -> bool:
    """Whether this key is set to yes."""
    return settings.get(key, "").lower() in _TRUE


ALIVE_SECONDS, ALIVE_COUNT = 15, 4
"""Defaults for ssh_config: seconds between two keep-alive requests, and how many may remain unanswered."""


_LONGEST_SECONDS = 86_400
"""The longest silence that is accepted, whatever ssh_config says. Linux allows at most 24 days (TCP_USER_TIMEOUT, in
ms).
"""


def alive_of(settings: Mapping[str, str]) -> tuple[int, int]:
    """ServerAliveInterval, and its product with ServerAliveCountMax, after which a silent connection counts as dead.
    Both are in seconds and above 0.
    """
    every, most = settings.get("serveraliveinterval", ""), settings.get("serveralivecountmax", "")
    seconds = int(every) if every.isdecimal() and int(every) else ALIVE_SECONDS
    usual = 3 if every else ALIVE_COUNT  # ssh's own
    return seconds, min(seconds * (int(most) if most.isdecimal() and int(most) else usual), _LONGEST_SECONDS)


_FAMILIES = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}


def family_of(settings: Mapping[str, str]) -> socket.AddressFamily | None:
    """The address family of AddressFamily; None if any is allowed."""
    return _FAMILIES.get(settings.get("addressfamily", "").lower())


def words_of(settings: Mapping[str, str], key: str) -> list[str]:
    """The paths of a key with several values; empty if the value is `none`."""
    return [word for word in shlex.split(settings.get(key, "")) if word.lower() != "none"]


_BY_HAND = "write it as Host lines, or set ssh.user, ssh.port, ssh.key and ssh.gateway of the host in the inventory"
_REFUSED: Mapping[str, tuple[frozenset[str], str]] = {
    "pubkeyauthentication": (
        frozenset(),
        "a key is the only way to log in here: PubkeyAuthentication yes for this host",
    ),
    "preferredauthentications": (
        frozenset(),
        "a key is the only way to log in here: name publickey in it, or leave it out",
    ),
    "bindaddress": (frozenset(), "set a route, or ProxyCommand with a program that binds (nc -s ADDRESS %h %p)"),
    "bindinterface": (frozenset(), "set a route, or ProxyCommand with a program that binds"),
    "proxyusefdpass": (frozenset({"no", "false"}), "ProxyCommand without it: a program that carries the data itself"),
    "refuseconnection": (frozenset(), "take it out for this host, where it may be reached"),
    "revokedhostkeys": (frozenset({"none"}), "write its keys into known_hosts, as lines that begin with @revoked"),
}
"""By key: the values that need no support, and the fix for all others."""


def refusal(settings: Mapping[str, str]) -> tuple[str, str] | None:
    """A setting of this host that is not supported, and the fix; None if there is none."""
    for match in (value for key, value in settings.items() if key.startswith(UNREAD)):
        if match != "Match tagged" or "tag" in settings:
            return f"`{match}` cannot be decided here", _BY_HAND
    for key, verifiable in VERIFIED.items():
        if not any(map(allowed_algorithms(settings, key), verifiable)):
            hint = f"add one of {', '.join(verifiable[:6])}"
            return f"`{key} {settings[key]}` leaves nothing that can be verified here", hint
    for key, (harmless, hint) in _REFUSED.items():
        value = settings.get(key, "")
        if key == "preferredauthentications":
            if value and "publickey" not in value.lower().split(","):
                return f"`{key} {value}` leaves no way to log in", hint
        elif key == "pubkeyauthentication":
            if value.lower() in {"no", "false"}:
                return f"`{key} {value}` leaves no way to log in", hint
        elif value and value.lower() not in harmless:
            return f"`{key} {value}` cannot be done", hint
    return None
