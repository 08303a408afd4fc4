"""The hosts of an Ansible inventory with their names, addresses and logins, read from INI or YAML without Ansible.
Pure.

Lines mean the same as in Ansible's own `plugins/inventory/ini.py` and `yaml.py`. Variables of a host win over those of
its groups, those of a group over those of its parents, and files in `group_vars` over what the inventory says about
groups. No value is evaluated: a template (`{{ … }}`) or an encrypted value is reported.
"""

from __future__ import annotations

import ast
import fnmatch
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import field

import yaml

from runnerops.adopt.ansible_patterns import MOST, expanded, split_port
from runnerops.errors import RunneropsError
from runnerops.frozen import frozen, mutable
from runnerops.patterns import late_pattern

_ALL = "all"
_SECTION = late_pattern(r"\[(?P<name>[^:\]]+)(?::(?P<kind>\w+))?\]\s*(?:[#;].*)?$")
_NAMES = {"user": ("ansible_user", "ansible_ssh_user"), "port": ("ansible_port", "ansible_ssh_port"),
          "address": ("ansible_host", "ansible_ssh_host"), "connection": ("ansible_connection",),
          "key": ("ansible_private_key_file", "ansible_ssh_private_key_file")}  # fmt: skip
_PASSED_OVER = ("ansible_ssh_common_args", "ansible_ssh_extra_args")
_ENCRYPTED = object()
"""Replaces a value that `ansible-vault` has encrypted."""

_MENDED = "write NAME: below it; `ansible-inventory -i FILE --list --yaml >hosts.yml` writes a file that can be read"

Variables = Mapping[str, object]


@mutable
class Groups:
    """What a file says, before a host is looked up in it. Variables are by the name of a host or a group."""

    hosts: dict[str, dict[str, object]] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)
    variables: dict[str, dict[str, object]] = field(default_factory=dict)
    beside: dict[str, dict[str, object]] = field(default_factory=dict)
    """Variables of groups from the files in `group_vars`."""

    def add_hosts(self, group: str, pattern: str, variables: Variables) -> None:
        """Adds all hosts that a pattern stands for. It may have ranges and a port. Raises ValueError."""
        pattern, port = split_port(pattern)
        for name in expanded(pattern):
            self.hosts.setdefault(name, {"ansible_port": port} if port else {}).update(variables)
            self.members.setdefault(group, []).append(name)

    def under(self, group: str, seen_groups: frozenset[str] = frozenset()) -> frozenset[str]:
        """The hosts of a group and of its children."""
        if group == _ALL:
            return frozenset(self.hosts)
        names = set(self.members.get(group, ()))
        for child in self.children.get(group, ()):
            names |= self.under(child, seen_groups | {group}) if child not in seen_groups else set()
        return frozenset(names)

    @property
    def names(self) -> tuple[str, ...]:
        """Every group. Parents come before their children."""
        groups = dict.fromkeys((*self.members, *self.children, *self.variables, *self.beside))
        return tuple(sorted(groups, key=lambda name: (name != _ALL, self._depth(name), name)))

    def _depth(self, name: str, seen_groups: frozenset[str] = frozenset()) -> int:
        above = [group for group, inside in self.children.items() if name in inside and group not in seen_groups]
        return 1 + max((self._depth(group, seen_groups | {name}) for group in above), default=0)

    def of_host(self, name: str) -> Variables:
        """The variables that apply to a host."""
        values: dict[str, object] = {}
        groups = [group for group in self.names if name in self.under(group)]
        for variables in (self.variables, self.beside):
            for group in groups:
                values |= variables.get(group, {})
        return values | self.hosts[name]


@frozen
class Login:
    """How Ansible reaches a host. What it does not say is empty or None. `problem`: why that is unknown.

    `key` is the file of a private key, as an absolute path or one that starts at the home directory.
    """

    name: str
    address: str
    user: str = ""
    port: int | None = None
    key: str = ""
    problem: str = ""
    passed_over: tuple[str, ...] = ()
    """Other variables about the connection, which have to be moved to ssh_config."""


def read_groups(text: str, file: str) -> Groups:
    """Parses an inventory. Raises RunneropsError if it is not one."""
    end = file.rpartition("/")[2].rpartition(".")[2] if "." in file.rpartition("/")[2] else ""
    if end in {"yml", "yaml", "json", ""}:
        try:
            tree = yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader
        except (yaml.YAMLError, ValueError) as error:  # such as an invalid date
            if end:
                raise _refusal(file, getattr(getattr(error, "problem_mark", None), "line", 0) + 1, "no YAML") from None
            tree = None
        if isinstance(tree, dict):
            return _of_yaml(tree, file)
        if end:
            raise _refusal(file, 1, "not an Ansible inventory: no mapping of groups")
    return _of_ini(text, file)


def read_variables(text: str) -> Variables:
    """Parses a file of `group_vars` or `host_vars`. Raises ValueError with the reason if it cannot be read."""
    if text.startswith("$ANSIBLE_VAULT"):
        raise ValueError("is encrypted")
    try:
        tree = yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader
    except (yaml.YAMLError, ValueError):  # such as an invalid date
        raise ValueError("is not YAML") from None
    if not isinstance(tree, dict | None):
        raise ValueError("is not a mapping of variables")
    return {str(name): value for name, value in (tree or {}).items()}


def logins(groups: Groups, patterns: Sequence[str]) -> tuple[Login, ...]:
    """The logins of the named hosts and groups, which may be globs; without any, those of all hosts. Raises
    RunneropsError.
    """
    chosen: dict[str, None] = {} if patterns else dict.fromkeys(groups.hosts)
    for pattern in patterns:
        in_groups = {
            name for group in (*groups.names, _ALL) if fnmatch.fnmatch(group, pattern) for name in groups.under(group)
        }
        names = [name for name in groups.hosts if name in in_groups or fnmatch.fnmatch(name, pattern)]
        if not names:
            raise RunneropsError(
                f"{pattern}: no host or group of the Ansible inventory", "name an existing one, or none for all"
            )
        chosen |= dict.fromkeys(names)
    return tuple(_login(name, groups.of_host(name)) for name in chosen)


def _login(name: str, variables: Variables) -> Login:
    settings: dict[str, str] = {}
    for setting, keys in _NAMES.items():
        key = next((key for key in keys if variables.get(key) is not None), keys[0])
        value = variables.get(key)
        settings[setting] = "" if value is None else str(value)
        if setting == "key":
            continue
        if value is _ENCRYPTED:
            return Login(name, "", problem=f"{key} is encrypted")
        if "{{" in settings[setting] or "{%" in settings[setting]:
            return Login(name, "", problem=f"{key} is a template of Ansible")
    if settings["connection"].rpartition(".")[2] not in {"", "ssh", "smart", "paramiko", "paramiko_ssh"}:
        return Login(name, "", problem=f"Ansible reaches it by {settings['connection']}, not by SSH")
    if settings["port"] and not re.fullmatch(r"[0-9]{1,5}", settings["port"]):
        return Login(name, "", problem="ansible_port is not a port number")
    port = int(settings["port"]) if settings["port"] else None
    passed_over = tuple(key for key in _PASSED_OVER if variables.get(key))
    is_path = settings["key"].startswith(("/", "~")) and "{" not in settings["key"]
    passed_over = passed_over if is_path or not settings["key"] else (*passed_over, _NAMES["key"][0])
    return Login(
        name,
        settings["address"] or name,
        settings["user"],
        port,
        settings["key"] if is_path else "",
        passed_over=passed_over,
    )


def _of_ini(text: str, file: str) -> Groups:
    groups = Groups()
    group, kind = "ungrouped", "hosts"
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith(("#", ";")):
            continue
        try:
            if match := _SECTION.fullmatch(line):
                group, kind = match["name"], match["kind"] or "hosts"
                groups.members.setdefault(group, [])
            else:
                _add_line(groups, group, kind, line)
        except ValueError:
            raise _refusal(file, number, "not a line of an Ansible inventory") from None
    return groups


def _add_line(groups: Groups, group: str, kind: str, line: str) -> None:
    """Adds a line of an INI file. Raises ValueError if it is not valid."""
    if kind == "vars":
        name, equals, value = line.partition("=")
        if not equals:
            raise ValueError
        groups.variables.setdefault(group, {})[name.strip()] = _literal(value.strip())
    elif kind == "children":
        groups.children.setdefault(group, []).append(line.partition("#")[0].strip())
    elif kind == "hosts":
        name, *words = shlex.split(line, comments=True)
        variables: dict[str, object] = {}
        for word in words:
            key, equals, value = word.partition("=")
            if not equals:
                raise ValueError
            variables[key] = _literal(value)
        groups.add_hosts(group, name, variables)
    else:
        raise ValueError


def _literal(text: str) -> object:
    """A value as Ansible reads it: a Python literal if it is one, without its quotes and a trailing comment."""
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return value


def _of_yaml(tree: Mapping[object, object], file: str) -> Groups:
    groups = Groups()
    waiting = [(str(name), value) for name, value in tree.items()]
    seen_mappings: set[tuple[str, int]] = set()
    while waiting:
        group, content = waiting.pop(0)
        if (group, id(content)) in seen_mappings:  # a YAML alias may refer to the mapping around it
            continue
        seen_mappings.add((group, id(content)))
        parts = _mapping(content)
        if bad := [name for name in ("hosts", "children", "vars") if isinstance(parts.get(name), list)]:
            raise RunneropsError(
                f"{file}: `{bad[0]}` of {group} is a list, which Ansible does not accept either", _MENDED
            )
        groups.members.setdefault(group, [])
        groups.variables.setdefault(group, {}).update(_mapping(parts.get("vars")))
        for name, variables in _mapping(parts.get("hosts")).items():
            try:
                groups.add_hosts(group, name, _mapping(variables))
            except ValueError:
                raise RunneropsError(
                    f"{file}: {name} is not a range of hosts", f"write one as web[01:10], at most {MOST} hosts"
                ) from None
        for name, child in _mapping(parts.get("children")).items():
            if name not in groups.children.setdefault(group, []):
                groups.children[group].append(name)
            waiting.append((name, child))
    return groups


def _mapping(value: object) -> dict[str, object]:
    if isinstance(value, str):  # a single host, as in `hosts: web1`
        return {value: None}
    return {str(name): item for name, item in value.items()} if isinstance(value, dict) else {}


def _refusal(file: str, line: int, text: str) -> RunneropsError:
    return RunneropsError(f"{file}:{line}: {text}", "name an Ansible inventory, INI or YAML")


class _Loader(yaml.SafeLoader):
    """Reads a text with `!unsafe` as it is, and ignores the content of Ansible's other tags."""


_Loader.add_constructor(None, lambda *_: None)
_Loader.add_constructor("!unsafe", lambda _, node: node.value if isinstance(node, yaml.ScalarNode) else None)
for _tag in ("!vault", "!vault-encrypted"):
    _Loader.add_constructor(_tag, lambda *_: _ENCRYPTED)
