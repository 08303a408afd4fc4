"""The project's templates with the settings for which no section has a key, host by host. Pure.

Such a template extends the shipped one, and has a condition for each host. Secrets are in variables of the host.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from runnerops.adopt.secrets import SecretName
from runnerops.adopt.yaml_text import Writer
from runnerops.frozen import frozen
from runnerops.model.common import Secret, Value
from runnerops.patterns import late_pattern
from runnerops.services.base import Addition

FOLDER = "templates"
_HEAD = """{{# What hosts have and no section of the inventory has a word for, as `runnerops adopt` found it.
   All else is as in the template that comes with runnerops. #}}
{{% extends "shipped/{template}" %}}
"""
_JINJA = late_pattern(r"\{[{%#]")


@frozen
class Templates:
    """`texts` are those to be written, by name. `by_hand`: names of templates that exist in another form and are not
    changed.
    """

    texts: Mapping[str, str]
    by_hand: Mapping[str, str]


def templates_with(existing: Mapping[str, str], additions: Mapping[str, Sequence[Addition]]) -> Templates:
    """`existing` are the project's templates by name. The additions are by host, and have secrets in place of their
    values.

    An existing template keeps its bytes. New lines end like its own.
    """
    texts: dict[str, str] = {}
    by_hand: dict[str, str] = {}
    for host, host_additions in additions.items():
        for addition in host_additions:
            before = texts.get(
                addition.template, existing.get(addition.template, _HEAD.format(template=addition.template))
            )
            eol = "\r\n" if "\r\n" in before else "\n"
            lines = "".join(f"{line}{eol}" for line in _lines(host, addition))
            begin, end = _block_in(before, addition.block)
            if lines in before:
                continue
            is_own = f'{{% extends "shipped/{addition.template}" %}}' in before
            if (
                not is_own
                or _condition(host, addition) in before[begin:end]
                or (not end and _has(before, addition.block))
            ):
                by_hand[addition.template] = by_hand.get(addition.template, "") + _block(addition.block, lines)
            elif end:
                texts[addition.template] = before[:end] + lines + before[end:]
            else:
                texts[addition.template] = (
                    before + eol * (not before.endswith("\n")) + _block(addition.block, lines, eol)
                )
    return Templates(texts, by_hand)


def variable(secret: Secret) -> str:
    """The name in `vars` of a secret in an addition."""
    return secret.argument.lower()


def secrets_of(value: Value) -> Iterator[Secret]:
    """All secrets in a tree."""
    if isinstance(value, Secret):
        yield value
    if isinstance(value, dict):
        yield from (name.secret for name in value if isinstance(name, SecretName))
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inside:
        yield from secrets_of(item)


def _block_in(text: str, block: str) -> tuple[int, int]:
    """Where the block begins, and where its last line ends. Two zeros if it is not there in the form that we write."""
    match = re.search(rf"\{{% block {re.escape(block)} %\}}\r?\n", text)
    begin = match.start() if match else -1
    end = text.find("\n{% endblock", begin) + 1
    return (begin, end) if 0 <= begin < end else (0, 0)


def _has(text: str, block: str) -> bool:
    """Whether the block exists in any form, because Jinja does not allow a second one."""
    return re.search(rf"\{{%[-+]?\s*block\s+{re.escape(block)}\b", text) is not None


def _block(name: str, lines: str, eol: str = "\n") -> str:
    return f"{{% block {name} %}}{eol}{lines}{{% endblock %}}{eol}"


def _condition(host: str, addition: Addition) -> str:
    return f"{{% if {' and '.join(filter(None, (f'host.name == {json.dumps(host)}', addition.condition)))} %}}"


def _lines(host: str, addition: Addition) -> Iterator[str]:
    yield _condition(host, addition)
    if addition.reason:
        reason = "".join(filter(str.isprintable, addition.reason)).replace("#}", "# }")
        yield f"{{# {reason} #}}"
    mark = "«"
    while mark in repr(addition.value):  # it marks the secrets while the lines are made
        mark += "«"
    value = _marked(addition.value, mark)
    lines: Iterator[str] = iter(())
    if isinstance(value, dict):
        lines = Writer().lines(value, addition.indent)
    elif isinstance(value, list):
        lines = Writer().items(value, addition.indent)
    yield from (_escaped(line, mark) for line in lines)
    yield "{% endif %}"


def _marked(value: Value, mark: str) -> Value:
    if isinstance(value, dict):
        return {
            _mark_of(name.secret, mark) if isinstance(name, SecretName) else name: _marked(item, mark)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_marked(item, mark) for item in value]
    return _mark_of(value, mark) if isinstance(value, Secret) else value


def _mark_of(secret: Secret, mark: str) -> str:
    return f"{mark}{variable(secret)}»"


def _escaped(line: str, mark: str) -> str:
    """Escapes a line for Jinja: syntax becomes text, and a marked name becomes its variable."""
    plain = _JINJA.sub(lambda match: f'{{{{ "{match[0]}" }}}}', line)
    return re.sub(f"{mark}([a-z0-9_]+)»", lambda match: f"{{{{ vars.{match[1]} | to_json }}}}", plain)
