"""The host that a target means: one of the inventory, or `USER@ADDRESS[:PORT]`. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runnerops.errors import UsageError
from runnerops.inventory.keys import checks
from runnerops.inventory.targets import STATES
from runnerops.model.common import Tree
from runnerops.model.inventory import Host, Ssh
from runnerops.patterns import late_pattern

_FORM = late_pattern(r"(?P<user>[^@]+)@(?:\[(?P<six>[^\]]+)\]|(?P<address>[^:@\[\]]+))(?::(?P<port>\d+))?")

_SSH = 22


def is_login(target: str) -> bool:
    """Whether a target is a login rather than a name of the inventory."""
    return "@" in target and target.removeprefix("!") not in STATES


def parse_target(word: str, name: str = "") -> Host | str:
    """The new host of `[NAME=]USER@ADDRESS[:PORT]`, or the name of a host in the inventory. Raises UsageError."""
    prefix, equals, login = word.partition("=")
    if is_login(login) and equals and "@" not in prefix:
        if name:
            raise UsageError(f"--name {name}: {word} has a name already", "name it once")
        return host_at(login, prefix)
    if is_login(word):
        return host_at(word, name)
    if name:
        raise UsageError(f"--name {name}: a host of the inventory has a name", "--name is for USER@ADDRESS")
    return word


def login_of(host: Host) -> str:
    """The login to a host that is in no inventory."""
    address = f"[{host.address}]" if ":" in host.address else host.address
    return f"{host.ssh.user or 'USER'}@{address}{f':{host.ssh.port}' if host.ssh.port else ''}"


def host_at(target: str, name: str = "") -> Host:
    """A host without sections. Its name is its address unless one is given. Raises UsageError."""
    match = _FORM.fullmatch(target)
    if match is None:
        raise UsageError(
            f"{target} is not a login", "write USER@ADDRESS or USER@ADDRESS:PORT; an IPv6 address in brackets"
        )
    try:
        return checked_host(name, match["six"] or match["address"], match["user"], int(match["port"] or 0) or None)
    except UsageError as error:
        raise UsageError(f"{target}: {error.message}", error.hint) from None


def checked_host(name: str, address: str, user: str = "", port: int | None = None) -> Host:
    """The same from its parts. `user` may be empty. Raises UsageError."""
    try:
        ssh = Ssh(checks.user(user) if user else None, checks.port(port) if port is not None else None)
        address = checks.address(address)
    except checks.Refused as error:
        raise UsageError(error.text, error.hint) from None
    return Host(_name(name or address), address, ssh=ssh)


def check_apart(host: Host, other_hosts: Sequence[Host]) -> None:
    """Raises UsageError if a host is one of the others. Several hosts may share an address if their ports differ."""
    for other_host in other_hosts:
        if host.name == other_host.name:
            raise UsageError(f"{host.name} is named twice", "give each host a name of its own: NAME=USER@ADDRESS")
        if reached_alike(host, other_host):
            raise UsageError(
                f"{other_host.name} and {host.name} are the same host, {host.address}", "name each host once"
            )


def reached_alike(host: Host, other: Host) -> bool:
    """Whether two hosts are the same, whatever their names are."""
    where = [(other_host.address, other_host.ssh.port or _SSH, other_host.ssh.gateway) for other_host in (host, other)]
    return where[0] == where[1]


def _name(text: str) -> str:
    try:
        return checks.name(text)
    except checks.Refused as error:
        raise UsageError(error.text, "give the host another name: NAME=USER@ADDRESS") from None


def about(host: Host) -> Tree:
    """The keys with which the inventory reaches the host."""
    settings = (("user", host.ssh.user), ("port", host.ssh.port), ("key", host.ssh.key))
    ssh: Tree = {key: value for key, value in settings if value is not None}
    address: Tree = {"address": host.address} if host.address != host.name else {}
    return {**address, **({"ssh": ssh} if ssh else {})}
