"""What a log driver refuses only when a container is created or starts, and not at the start of dockerd. Pure.

Source: `New` of each driver in moby's `daemon/logger`, and `mergeAndVerifyLogConfig`, 20.10 to 29.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from runnerops.model.common import Tree
from runnerops.patterns import late_pattern
from runnerops.services.docker.rules.log_options import BOOLEANS
from runnerops.services.docker.schema.nested import Found

_NONE_STARTS = "no container would start"
_REQUIRED: Mapping[str, Mapping[str, str]] = {
    "gelf": {"gelf-address": "udp://HOST:12201"},
    "awslogs": {"awslogs-group": "NAME"},
    "splunk": {"splunk-token": "TOKEN", "splunk-url": "https://HOST:8088"},
}
"""By driver: the options without which it does not work, each with an example."""

_CHECKED_AT_START = frozenset({"gelf", "awslogs"})
"""Drivers whose requirement dockerd checks at its start, but only if the file has `log-opts`."""

_ACTION = late_pattern(r"\{\{(?:[^{}\"`]|\"(?:[^\"\\]|\\.)*\"|`[^`]*`)*\}\}")
_UNBALANCED = ("missing ), unterminated subpattern", "unbalanced parenthesis", "unterminated character set")
"""What Python's parser says of a pattern that Go's parser refuses too. They differ in other things."""


def log_use(driver: str, options: Tree) -> Found:
    """Checks the options of a built-in driver; none if the file has no `log-opts`."""
    if not (options and driver in _CHECKED_AT_START):
        for name, example in _REQUIRED.get(driver, {}).items():
            if not options.get(name):
                key = ("log-opts",) if options else ("log-driver",)
                fix = f'add "{name}": "{example}"' if options else f'add "log-opts": {{"{name}": "{example}"}}'
                text = f"{driver} requires the option {name}: no container would start that does not give it itself"
                yield "D019", "warning", key, text, fix
    for name, problem, fix in _values(driver, options):
        yield "D019", "error", ("log-opts", name), f"{problem}: {_NONE_STARTS}", fix


def _values(driver: str, options: Tree) -> Iterator[tuple[str, str, str]]:
    """Option, problem and fix."""
    compress, tag = options.get("compress"), options.get("tag")
    if driver in {"json-file", "local"} and isinstance(compress, str) and compress not in BOOLEANS:
        yield "compress", "must be true or false", 'write "true" or "false"'
    if isinstance(tag, str) and re.search(r"\{\{|\}\}", _ACTION.sub("", tag)):
        yield "tag", "is not a template, because {{ and }} must come in pairs", 'write for example "{{.Name}}"'
    for name in ("env-regex", "labels-regex"):
        pattern = options.get(name)
        if isinstance(pattern, str) and _is_unbalanced(pattern):
            yield (
                name,
                "is not a regular expression, because a bracket has no counterpart",
                "close it, or write \\\\ before it",
            )


def _is_unbalanced(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error.msg).startswith(_UNBALANCED)
    return False
