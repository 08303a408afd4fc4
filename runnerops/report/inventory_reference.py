"""The inventory's keys as a page of the manual, and its schema as text. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from runnerops.inventory.descriptions import HOST_KEYS, TOP, KeyDescription
from runnerops.inventory.schema import inventory_schema, keys_of_ours

_SECTIONS = (
    ("Hosts and groups", ("address", "groups", "vars")),
    ("SSH", ("ssh",)),
    ("Docker: `daemon.json`", ("docker",)),
    ("Caches", ("registry",)),
    ("GitLab Runner: `config.toml`", ("gitlab_runner",)),
    ("Checks and runs", ("versions", "ignore", "runs")),
)
_INTRODUCTION = """\
# The inventory

Every key that runnerops itself knows. What else stands below `docker` and `gitlab_runner` (and in one of `runners`) is the
key of daemon.json or config.toml of that name, passed through with its type; `runnerops check` judges it.

`defaults`, the `groups` of a host from left to right, and the host itself are merged in that order: mappings merge, `runners`
and `caches` merge by `name`, every other list and value replaces, and `null` takes away what was inherited. Secrets stand
where they are used: `!env NAME`, `!file PATH`, `!command "pass show x"`.

`{host}` in any value (also of a secret) is the host's name; `!env` gets it in capitals, with `_` for what a variable's name
cannot hold. A shell's `${host}` and a template's `{{host}}` are left as they are, and so is the name of a key.

`runnerops schema > runnerops.schema.json` writes the JSON Schema; an inventory whose first line is
`# yaml-language-server: $schema=runnerops.schema.json` is completed and checked by editors that know it.
`runnerops hosts --explain HOST` shows what came out for a host, and from where.

*Generated from `runnerops/inventory/descriptions.py` by `make docs`; edit it there.*
"""


def schema_text() -> str:
    """The JSON Schema, as `runnerops schema` prints it."""
    return json.dumps(inventory_schema(), indent=2, ensure_ascii=False) + "\n"


def inventory_page() -> str:
    """`docs/inventory.md`."""
    return "\n".join((_INTRODUCTION, *_page())) + "\n"


def _page() -> Iterator[str]:
    yield from ("## The file", "", *_HEAD)
    yield from (_row(name, "mapping", description) for name, description in TOP.items())
    types = dict(keys_of_ours())
    for heading, roots in _SECTIONS:
        yield from ("", f"## {heading}", "", *_HEAD)
        for key, kind in types.items():
            if key.split(".")[0].removesuffix("[]") in roots:
                yield _row(key, kind, HOST_KEYS[key])


_HEAD = ("| key | type | without it | what it does | example |", "|---|---|---|---|---|")


def _row(key: str, kind: str, description: KeyDescription) -> str:
    example = f"`{description.example}`" if description.example else ""
    cells = (f"`{key}`", kind, description.default, description.text, example)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
