"""What ssh_config says about one host, as OpenSSH understands it. Corrects where paramiko and Fabric differ from
OpenSSH.

Settings that matter and are not supported are refused by name (`refusal.py`). Loads paramiko: import it late.
"""

from __future__ import annotations

import getpass
import re
import shlex
import socket
import subprocess
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any

from paramiko import SSHConfig
from paramiko.config import SSHConfigDict

from runnerops.patterns import late_pattern
from runnerops.ssh.config_values import port_of
from runnerops.ssh.match_lines import ORIGINAL, Condition, all_hold
from runnerops.ssh.tokens import expanded, replaced

UNREAD = "unreadmatch"
"""Prefix of the key under which the lines of a `Match` are kept that cannot be decided here; a keyword follows."""
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
        """Reads the files a second time only if a `Match final` or a canonical name requires it. `Host` lines are then
        compared with HostName.
        """
        usual: Any = super()  # the type stubs have only the public methods
        if options is None:
            options = SSHConfigDict(self._given.get(hostname, {}))
            vars(options)["original"] = hostname
        elif not canonical and not self._has_final():
            usual._expand_variables(options, hostname)
            return options
        elif not canonical:
            hostname = replaced(options["hostname"], "h", options, hostname)
        vars(options)["decided"] = {}
        settings: SSHConfigDict = usual._lookup(hostname, options, canonical, final)
        settings.setdefault("canonicaldomains", "")  # paramiko needs it if CanonicalizeHostname is on
        if is_yes(settings, "canonicalizehostname"):
            settings["canonicalizehostname"] = "yes"
        return settings

    def canonicalize(self, hostname: str, options: SSHConfigDict, domains: Iterable[str]) -> str:
        """HostName with the first of the CanonicalDomains under which it is found. Unchanged: an address, a name with
        more dots than CanonicalizeMaxDots, and a name that a jump host resolves. Paramiko would leave out HostName.
        """
        name = replaced(options["hostname"], "h", options, hostname)
        is_long = name.count(".") > int(options.get("canonicalizemaxdots", 1))
        ways = (options.get(key, "none").lower() for key in ("proxyjump", "proxycommand"))
        is_remote = any(way != "none" for way in ways) and options["canonicalizehostname"] != "always"
        return name if is_long or is_remote or _is_address(name) else super().canonicalize(name, options, domains)

    def _has_final(self) -> bool:
        return any(condition["type"] == "final" for block in self._config for condition in block.get("matches", ()))

    def _does_match(
        self,
        match_list: list[dict[str, Any]],
        target_hostname: str,
        canonical: bool,  # noqa: ARG002  of paramiko
        final: bool,
        options: SSHConfigDict,
    ) -> bool:
        """Whether all conditions of a `Match` hold. An `exec` command gets no input, and only runs if its result
        matters.
        """
        user = getpass.getuser()
        original = vars(options)["original"]
        values = {
            "host": options.get("hostname", original),
            "originalhost": target_hostname,
            "user": options.get("user", user),
            "localuser": user,
        }
        flags = {"all": True, "canonical": final, "final": final}  # OpenSSH has one flag for both
        matches: Any = self

        def holds(condition: Condition) -> bool:
            kind, param = condition["type"], condition["param"]
            if kind in flags:
                result = flags[kind]
            elif kind == "originalhost" and param.endswith(ORIGINAL):
                result = bool(matches._pattern_matches(param, original))
            elif kind == "exec":
                result = _succeeds(self._tokenize(options, original, "match-exec", param))
            else:
                result = bool(matches._pattern_matches(param, values[kind]))
            return result is not condition["negate"]

        return all_hold(match_list, vars(options)["decided"], holds)

    def _tokenize(self, config: SSHConfigDict, target_hostname: str, key: str, value: str) -> str:
        return expanded(config, vars(config).get("original", target_hostname), key, value)


def _succeeds(command: str) -> bool:
    null = subprocess.DEVNULL
    return subprocess.run(["/bin/sh", "-c", command], stdin=null, stdout=null, check=False).returncode == 0


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


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
