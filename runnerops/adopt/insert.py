"""Inserts the lines of a host into the text of the inventory, and changes nothing else in it. Pure.

The marks of the YAML parser show where the lines go. The caller has to check that nothing else has changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import yaml

from runnerops.errors import RunneropsError
from runnerops.frozen import frozen

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Lines = Callable[[int, int], Sequence[str]]
"""Makes lines for an indent and a step, both in spaces."""

_STEP = 2


@frozen
class _Text:
    """The text of a file. `eol` is its line end."""

    whole: str
    eol: str

    def add(self, at: int, lines: Sequence[str]) -> str:
        """The text with lines after the one that contains position `at`."""
        end = self.whole.find("\n", at)
        before, after = (self.whole, "") if end < 0 else (self.whole[: end + 1], self.whole[end + 1 :])
        if before and not before.endswith("\n"):
            before += self.eol
        return before + "".join(line + self.eol for line in lines) + after

    def last(self, node: yaml.Node) -> int:
        """The position of the last character of a node's content."""
        leaves = _leaves(node)
        last = max(leaves, key=lambda leaf: leaf.end_mark.index)
        start, end = min(leaf.start_mark.index for leaf in leaves), last.end_mark.index
        if isinstance(last, yaml.ScalarNode) and last.style in ("|", ">") and last.value.endswith("\n\n"):
            return end - 1  # empty lines at the end of `|+` are part of the value
        return start + max(len(self.whole[start:end].rstrip()) - 1, 0)


def add_defaults(text: str, lines: Lines) -> str:
    """Adds `defaults` before the hosts. The inventory must not have any."""
    return _before_hosts(text, lines(0, _STEP))


def add_group(text: str, lines: Lines) -> str:
    """Adds a group at the end of `groups:`. Raises RunneropsError if that has to be done by hand."""
    groups = _pair(_root(text), "groups")
    return _before_hosts(text, ["groups:", *lines(_STEP, _STEP)]) if groups is None else _add_below(text, groups, lines)


def _before_hosts(text: str, lines: Sequence[str]) -> str:
    """Adds these lines, and an empty one, before the line of `hosts:`, or at the end if there is no such line."""
    hosts, eol = _pair(_root(text), "hosts"), _eol(text)
    at = hosts[0].start_mark.index if hosts else len(text)
    gap = "" if not at or text[:at].endswith("\n") else eol
    return text[:at] + gap + "".join(f"{line}{eol}" for line in (*lines, "")) + text[at:]


def add_host(text: str, lines: Lines) -> str:
    """Adds a host at the end of `hosts:`. Raises RunneropsError if that has to be done by hand."""
    file = _Text(text, _eol(text))
    hosts = _pair(_root(text), "hosts")
    if hosts is None:
        return file.add(len(text), ["hosts:", *lines(_STEP, _STEP)])
    return _add_below(text, hosts, lines)


def _add_below(text: str, pair: tuple[yaml.Node, yaml.Node], lines: Lines) -> str:
    """Adds an entry at the end of a mapping of hosts or groups."""
    file = _Text(text, _eol(text))
    key, value = pair
    if isinstance(value, yaml.MappingNode) and value.value and not value.flow_style:
        indent = value.value[0][0].start_mark.column
        apart = [""] if _spaced(text, value) else []
        return file.add(file.last(value), [*apart, *lines(indent, _step(value, indent))])
    if isinstance(value, yaml.MappingNode) and not value.value:
        text = text[: value.start_mark.index].rstrip(" ") + text[value.end_mark.index :]
        return _Text(text, file.eol).add(key.end_mark.index, lines(_STEP, _STEP))
    if _is_nothing(value):
        return file.add(key.end_mark.index, lines(_STEP, _STEP))
    raise _by_hand(f"`{key.value}` is written on one line")


def add_sections(text: str, name: str, lines: Lines) -> str:
    """Adds keys to an existing host. Raises RunneropsError if that has to be done by hand."""
    hosts, key, value = _host(text, name)
    return _extended(text, key, value, lines, _step(hosts, key.start_mark.column))


def add_vars(text: str, name: str, lines: Lines) -> str:
    """Adds keys to the `vars` of a host. Raises RunneropsError if that has to be done by hand."""
    hosts, host, value = _host(text, name)
    pair = _pair(value, "vars")
    if pair is None or getattr(value, "flow_style", False):
        raise _by_hand(f"`{name}` is written in braces")
    return _extended(text, *pair, lines, _step(hosts, host.start_mark.column))


def _host(text: str, name: str) -> tuple[yaml.Node, yaml.Node, yaml.Node]:
    """The node of all hosts, and the key and value of the host with this name."""
    hosts = _pair(_root(text), "hosts")
    pair = _pair(hosts[1], name) if hosts else None
    if pair is None or hosts is None or getattr(hosts[1], "flow_style", False):
        raise _by_hand("`hosts` is written on one line")
    return hosts[1], *pair


def _extended(text: str, key: yaml.Node, value: yaml.Node, lines: Lines, step: int) -> str:
    """Adds keys at the end of a mapping. A mapping in braces on one line is rewritten with a line for each key."""
    file = _Text(text, _eol(text))
    indent = key.start_mark.column + step
    if isinstance(value, yaml.MappingNode) and not value.flow_style:
        return file.add(file.last(value), lines(value.value[0][0].start_mark.column, step))
    if isinstance(value, yaml.MappingNode) and "\n" not in text[value.start_mark.index : value.end_mark.index]:
        pairs = [
            f"{' ' * indent}{text[key_node.start_mark.index : value_node.end_mark.index]}"
            for key_node, value_node in value.value
        ]
        text = text[: value.start_mark.index].rstrip(" ") + text[value.end_mark.index :]
        return _Text(text, file.eol).add(key.end_mark.index, [*pairs, *lines(indent, step)])
    if _is_nothing(value):
        return file.add(key.end_mark.index, lines(indent, step))
    raise _by_hand(f"`{key.value}` is written in braces over several lines")


def _by_hand(why: str) -> RunneropsError:
    message = f"nothing was written: {why} in the inventory"
    return RunneropsError(message, "insert the lines by hand, or first write it with one key per line")


def _root(text: str) -> yaml.Node:
    try:
        root = yaml.compose(text, Loader=_LOADER)  # makes nodes only, so that no tag has a meaning
    except yaml.MarkedYAMLError as error:  # only without libyaml, which has read the inventory before
        where = f"line {error.problem_mark.line + 1} of the inventory" if error.problem_mark else "the inventory"
        message = f"nothing was written: {where}: {error.problem}"
        raise RunneropsError(message, "correct that line, or insert the lines by hand") from None
    return root if root is not None else yaml.MappingNode("tag:yaml.org,2002:map", [])


def _pair(node: yaml.Node, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next(((key, value) for key, value in pairs if key.value == name), None)


def _is_nothing(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.start_mark.index == node.end_mark.index


def _leaves(node: yaml.Node) -> list[yaml.Node]:
    """The nodes whose end is exact. The end of a block is where the next node begins."""
    leaves: list[yaml.Node] = []
    waiting = [node]
    while waiting:
        inner_node = waiting.pop()
        inside: list[yaml.Node] = []
        if isinstance(inner_node, yaml.MappingNode) and not inner_node.flow_style:
            inside = [part for pair in inner_node.value for part in pair]
        elif isinstance(inner_node, yaml.SequenceNode) and not inner_node.flow_style:
            inside = inner_node.value
        waiting += inside
        if not inside:
            leaves.append(inner_node)
    return leaves


def _step(hosts: yaml.Node, indent: int) -> int:
    """By how many spaces the keys of a host are indented, from the first host that has any."""
    for _, value in hosts.value if isinstance(hosts, yaml.MappingNode) else ():
        if isinstance(value, yaml.MappingNode) and value.value and not value.flow_style:
            return max(int(value.value[0][0].start_mark.column) - indent, 1)
    return _STEP


def _spaced(text: str, hosts: yaml.MappingNode) -> bool:
    """Whether there are empty lines between hosts."""
    starts = [key.start_mark.index for key, _ in hosts.value[1:]]
    return any(re.search(r"\n[ \t]*\r?\n[ \t#][^\n]*\Z|\n[ \t]*\r?\n[ \t]*\Z", text[:at]) for at in starts)


def _eol(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
