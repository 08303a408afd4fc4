"""Reads YAML as the registry and Compose do. Pure."""

from __future__ import annotations

import marshal
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast

import yaml

from runnerops.model.common import Tree, Value
from runnerops.parsing.causes import Cause, place_of
from runnerops.patterns import late_pattern
from runnerops.services.base import ParseError
from runnerops.services.registry.format.aliases import unfolds_too_far
from runnerops.services.registry.format.compose_yaml import BASE_60_TAG, ComposeLoader
from runnerops.services.registry.format.layers import one_of

_MOST_DEEP = 100


_ALIAS = late_pattern(r"(?:^|(?<=[\s\[,]))(?=\*[\w-])")


_DIRECTIVE = late_pattern(r"\A(?:\s|#.*\n)*%YAML[ \t]+(\S+)")


_NO_NUMBER = late_pattern(r"(?<=\s)(?=[-+]?(?:0[xbo]_*(?:\s|$)|[\d_]{1000}))")


_START = late_pattern(r"\S|$")


_TAG = late_pattern(r"(?<=\s)(?=!!\w)")


_LITERAL = (("http", "secret"), ("proxy", "username"), ("proxy", "password"))
"""Secrets that the registry takes as they are written: a password `012345` is no octal number to it. (Registry 3
refuses numbers in the table `redis`.)"""


_NAME_TAGS = frozenset({BASE_60_TAG, *(f"tag:yaml.org,2002:{name}" for name in ("str", "merge", "timestamp"))})


_NUMBERS = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})


_POWER = late_pattern(r"[-+]?\d+[eE][-+]?\d{1,2}")


_POWER_TAG = "tag:runnerops,power"


class Power(str):
    """A text such as `1e3` without quotes, which newer readers of YAML take for a number."""

    __slots__ = ()


_LOADER: Any = type("_Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})


_LOADER.add_constructor(_POWER_TAG, lambda _, node: Power(node.value))


def _timestamp(loader: Any, node: yaml.ScalarNode) -> Any:
    """A date that does not exist is a text, as in Go's YAML."""
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        return node.value


_LOADER.add_constructor("tag:yaml.org,2002:timestamp", _timestamp)


def parse(content: bytes, *, strict: bool = True, compose: bool = False) -> Tree:
    """Parses plain YAML as the registry does: the first document, without custom tags. Raises ParseError.

    `strict`: repeated keys are refused, as Compose does; the registry uses the last one. `compose`: all documents are
    laid over each other, with Compose's types, with names as texts, and without values tagged `!reset`.
    """
    return _copies_of(_decode(content), strict=strict, compose=compose)()


@lru_cache(maxsize=512)
def _copies_of(text: str, *, strict: bool, compose: bool) -> Callable[[], Tree]:
    """Returns a function that copies the parsed tree. It is cached because `parse` is called for one file several times."""
    tree = _read(text, strict=strict, compose=compose)
    if not isinstance(tree, dict):
        from runnerops.parsing.yaml_errors import no_mapping

        cause = no_mapping(text)
        raise ParseError(*place_of(text, cause.at), cause.problem, cause.fix, valid=True)
    try:
        plain = _plain(tree)
    except _OddError as odd:
        match = odd.pattern.search(text)
        raise _parse_error(text, Cause(match.end() if match else 0, odd.problem, odd.fix)) from None
    assert isinstance(plain, dict)
    try:
        packed = marshal.dumps(cast("Any", plain))
    except ValueError:  # there are dates, or numbers that know how they are written
        return lambda: cast("Tree", _plain(plain))
    return lambda: cast("Tree", marshal.loads(packed))  # noqa: S302  packed above


def _read(text: str, *, strict: bool, compose: bool) -> Any:
    if (directive := _DIRECTIVE.search(text)) and directive[1] != "1.1":
        place = place_of(text, directive.start())
        raise ParseError(
            *place, f"YAML {directive[1]} is asked for, but Go's reader only knows 1.1", "take the line out"
        )
    try:
        loader = (ComposeLoader if compose else _LOADER)(text)
        try:
            root = _composed(loader, text, strict=strict) if compose else _first(loader, strict=strict)
            if "*" in text and unfolds_too_far(root):
                match = _ALIAS.search(text)
                problem = "from here on, the aliases make the file too large"
                raise _parse_error(text, Cause(match.start() if match else 0, problem, "write the values out"))
            return loader.construct_document(root) if root else {}
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        from runnerops.parsing.yaml_errors import explain

        raise _parse_error(text, explain(text, error)) from None
    except ValueError:
        match = _NO_NUMBER.search(text)
        cause = Cause(
            match.start() if match else 0, "this looks like a number, but is not a valid one", "put it in quotes"
        )
        raise _parse_error(text, cause) from None
    except RecursionError:
        raise ParseError(1, 1, "it is nested too deep") from None


def _first(loader: Any, *, strict: bool) -> yaml.Node | None:
    root: yaml.Node | None = loader.get_node() if loader.check_node() else None
    if strict:
        _refuse_duplicates(root)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value == "version" and value.tag == "tag:yaml.org,2002:float" and value.value != "0.1":
            value.tag = "tag:yaml.org,2002:str"  # the registry compares the text as written
    for path in _LITERAL:
        value = _at(root, path)
        if value and (value.tag in _NUMBERS or value.tag == "tag:yaml.org,2002:bool"):
            value.tag = "tag:yaml.org,2002:str"
    for node in _nodes(root):
        base_60 = node.tag in _NUMBERS and ":" in node.value
        if base_60 or node.tag == "tag:yaml.org,2002:timestamp":
            # neither is known to Go's reader, where any value may stand
            node.tag = "tag:yaml.org,2002:str"
        elif isinstance(node, yaml.ScalarNode) and not node.style and _POWER.fullmatch(node.value):
            node.tag = _POWER_TAG
    _pass_over_tags(loader, root)
    return root


def _at(root: yaml.Node | None, path: tuple[str, ...]) -> yaml.ScalarNode | None:
    """The scalar at a path of keys."""
    node = root
    for name in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        node = next((value for key, value in pairs if key.value == name), None)
    return node if isinstance(node, yaml.ScalarNode) else None


def _composed(loader: Any, text: str, *, strict: bool) -> yaml.Node | None:
    documents: list[yaml.Node] = []
    while loader.check_node():
        documents.append(loader.get_node())
        if strict:
            _refuse_duplicates(documents[-1])
        if not isinstance(documents[0], yaml.MappingNode):  # this is reported first
            break
    for document in documents:
        _refuse_numbers(document)
    root = one_of(documents)
    if "!" in text:
        _take_out_reset(root)
        _pass_over_tags(loader, root)
    return root


def _refuse_numbers(root: yaml.Node) -> None:
    for node in _collections(root):
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            scalar = isinstance(key, yaml.ScalarNode) and not key.tag.startswith("!")
            if scalar and key.tag not in _NAME_TAGS:
                place = (key.start_mark.line + 1, key.start_mark.column + 1)
                ports = key.value.isdecimal() and isinstance(value, yaml.ScalarNode) and value.value.isdecimal()
                fix = f'write "{key.value}:{value.value}", without a space' if ports else "put it in quotes"
                raise ParseError(*place, "Compose does not read this name as a string, and refuses the file", fix)


def _parse_error(text: str, cause: Cause) -> ParseError:
    return ParseError(*place_of(text, cause.at), cause.problem, cause.fix)


def _decode(content: bytes) -> str:
    """As libyaml and Go's YAML read it: UTF-8, or UTF-16 with a byte order mark."""
    try:
        return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        place = place_of(before, len(before))
        raise ParseError(*place, "a character here is not UTF-8", "save the file as UTF-8") from None


class _OddError(Exception):
    """The document has an unsupported form; `pattern` finds the place of the cause."""

    def __init__(self, pattern: re.Pattern[str], problem: str, fix: str) -> None:
        super().__init__(problem)
        self.pattern = pattern
        self.problem = problem
        self.fix = fix


def _plain(node: Any, depth: int = 0) -> Value:
    """Copies what YAML gave into a `Tree`."""
    if depth > _MOST_DEEP:
        raise _OddError(_START, "it is nested too deep", "write it with fewer levels")
    if isinstance(node, dict):
        return {str(name): _plain(item, depth + 1) for name, item in node.items()}
    if isinstance(node, list | tuple):
        return [_plain(item, depth + 1) for item in node]
    if node is None or isinstance(node, str | int | float | datetime | date):
        return node
    raise _OddError(_TAG, "a value is neither a string, a number nor a date", "take its tag out")


def _take_out_reset(root: yaml.Node | None) -> None:
    for node in _collections(root):
        if isinstance(node, yaml.MappingNode):
            node.value = [(key, value) for key, value in node.value if value.tag != "!reset"]
        elif isinstance(node, yaml.SequenceNode):
            node.value = [value for value in node.value if value.tag != "!reset"]


def _pass_over_tags(loader: Any, root: yaml.Node | None) -> None:
    """Treats values with `!reset`, `!override` and other tags as if they had none."""
    for node in _nodes(root):
        if node.tag.startswith("!"):
            value = node.value if isinstance(node, yaml.ScalarNode) else None
            node.tag = loader.resolve(type(node), value, (True, False))


def _refuse_duplicates(root: yaml.Node | None) -> None:
    for node in _collections(root):
        if isinstance(node, yaml.MappingNode):
            lines: dict[tuple[str, str], int] = {}
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode):
                    line, column = key.start_mark.line + 1, key.start_mark.column + 1
                    if earlier := lines.get((key.tag, key.value)):
                        raise ParseError(line, column, f"duplicate key, also in line {earlier}", "take one of them out")
                    lines[key.tag, key.value] = line


def _nodes(root: yaml.Node | None) -> Iterator[yaml.Node]:
    """Every node once, even if several aliases refer to it."""
    if isinstance(root, yaml.ScalarNode):
        yield root
    met: set[int] = set()
    for node in _collections(root):
        yield node
        for part in _parts(node):
            if isinstance(part, yaml.ScalarNode) and id(part) not in met:
                met.add(id(part))
                yield part


def _collections(root: yaml.Node | None) -> Iterator[yaml.CollectionNode]:
    """Every mapping and list once. A large file has several times as many scalars."""
    waiting, met = [root] if isinstance(root, yaml.CollectionNode) else [], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) not in met:
            met.add(id(node))
            yield node
            waiting += [part for part in _parts(node) if isinstance(part, yaml.CollectionNode)]


def _parts(node: yaml.CollectionNode) -> list[yaml.Node]:
    return [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
