"""Reads an Ansible inventory and its variables in `group_vars` and `host_vars`, and turns its hosts into ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from runnerops.adopt.ansible import Login, logins, read_groups, read_variables
from runnerops.adopt.target import check_apart, checked_host
from runnerops.errors import UsageError
from runnerops.frozen import frozen
from runnerops.model.inventory import Host
from runnerops.reading import read_text

_BY_ANSIBLE = "`ansible-inventory -i FILE --list --yaml >hosts.yml` writes one that can be read"
_SHOWN = 5
"""How many hosts a note names."""


@frozen
class FromAnsible:
    """The hosts, and a sentence for each host that is left out and for each unreadable file of variables."""

    hosts: tuple[Host, ...]
    notes: tuple[str, ...]


def read_ansible(path: Path, patterns: Sequence[str]) -> FromAnsible:
    """The hosts that these hosts, groups or globs of that inventory mean, or all. Raises RunneropsError, UsageError."""
    groups = read_groups(_text(path), str(path))
    unread: list[str] = []
    for name in ("all", *groups.names):
        groups.beside[name] = _variables(path.parent / "group_vars", name, unread)
    for name, variables in groups.hosts.items():
        variables.update(_variables(path.parent / "host_vars", name, unread))
    hosts: list[Host] = []
    notes: list[str] = []
    passed_over: dict[str, list[str]] = {}
    for login in logins(groups, patterns):
        for key in login.passed_over:
            passed_over.setdefault(key, []).append(login.name)
        try:
            host = _host(login)
            check_apart(host, hosts)
            hosts.append(host)
        except UsageError as error:
            notes.append(f"{login.name} is left out: {error.message}")
    if not (hosts or notes):
        raise UsageError(f"{path}: it contains no host", _BY_ANSIBLE)
    for key, names in passed_over.items():
        omitted = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        notes.append(
            f"{key} is not taken over, because it belongs into ssh_config: {', '.join(names[:_SHOWN])}{omitted}"
        )
    return FromAnsible(tuple(hosts), (*unread, *notes))


def _host(login: Login) -> Host:
    if login.problem:
        raise UsageError(login.problem)
    host = checked_host(login.name, login.address, login.user, login.port)
    return replace(host, ssh=replace(host.ssh, key=login.key or None))


def _text(path: Path) -> str:
    try:
        text = read_text(path, "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no text"
        raise UsageError(f"--from-ansible {path}: {reason}", f"name a file; {_BY_ANSIBLE}") from None
    if text.startswith("#!"):
        raise UsageError(f"--from-ansible {path}: this is a program, which is not run", _BY_ANSIBLE)
    return text


def _variables(folder: Path, name: str, unread: list[str]) -> dict[str, object]:
    """The variables of a group or a host. Adds a sentence to `unread` for each file that could not be read."""
    variables: dict[str, object] = {}
    for path in _files(folder, name):
        try:
            variables |= read_variables(path.read_text(encoding="utf-8-sig", errors="replace"))
        except (OSError, ValueError) as error:
            unread.append(f"{path} {getattr(error, 'strerror', None) or error}: its settings for logins are not known")
    return variables


def _files(folder: Path, name: str) -> Iterator[Path]:
    """The file with that name, or all files in a folder with that name."""
    ends = ("", ".yml", ".yaml", ".json")
    try:
        paths = [folder / f"{name}{end}" for end in ends]
        if (folder / name).is_dir():
            paths = sorted(path for path in (folder / name).rglob("*") if path.suffix in ends)
        yield from (path for path in paths if path.is_file())
    except OSError:  # a name that no file can have
        return
