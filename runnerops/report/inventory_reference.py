"""The inventory's keys as a page of the manual, and its schema as text. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from runnerops.inventory.descriptions import HOST_KEYS, ROLLOUT, TOP, KeyDescription
from runnerops.inventory.schema import inventory_schema, keys_of_ours

_SECTIONS = (
    ("Hosts and groups", ("address", "groups", "vars", "allow")),
    ("SSH", ("ssh",)),
    ("Docker: `daemon.json`", ("docker",)),
    ("Caches", ("registry",)),
    ("GitLab Runner: `config.toml`", ("gitlab_runner",)),
    ("GitLab itself", ("gitlab",)),
    ("Checks and runs", ("versions", "ignore", "runs", "maintenance")),
)
_INTRODUCTION = """\
# The inventory

Every key that runnerops itself knows. What else stands below `docker` and `gitlab_runner` (and in one of `runners`) is the
key of daemon.json or config.toml of that name, passed through with its type; `runnerops check` judges it.

`defaults`, the `groups` of a host from left to right, and the host itself are merged in that order: mappings merge, `runners`
and `caches` merge by `name`, every other list and value replaces, and `null` takes away what was inherited. Secrets stand
where they are used: `!env NAME`, `!file PATH`, `!command "pass show x"`, `!secret "TOKEN={env:TOKEN}"`
([secrets.md](secrets.md)).

`{host}` in any value (also of a secret) is the host's name; `!env` gets it in capitals, with `_` for what a variable's name
cannot hold. A shell's `${host}` and a template's `{{host}}` are left as they are, and so is the name of a key.

## Many hosts

**Several files.** `-i` may be repeated, and may name a folder; without `-i` it is `inventory.yml`, or else the folder
`inventory`:

```
inventory/hosts.yml            any *.yml at the top: a whole inventory, with defaults, groups, hosts
inventory/groups/builders.yml  what stands below groups.builders
inventory/hosts/runner-7.yml   what stands below hosts.runner-7 (also in folders below hosts/)
```

All of them are one inventory. What two files both give (a host, a group, a key of `defaults`) is an error that names both
places. `templates/`, `known_hosts` and `.env` lie beside the first file or folder that is named, and relative paths start
there. An anchor holds for its own file. `adopt --write` puts a host into a file with `hosts:`, and says so where there is
none.

**Anchors** may stand below keys at the top that begin with `x-`; these are passed over.

**Ranges.** `runner-[01:40]:` is forty hosts, `rack-[a:c]-[1:2]:` six. An `address` may be a range of the same length
(`10.0.0.[1:40]`), or hold `{host}`.

**Variables.** `{{ vars.team }}` in any value (also of a secret) is the host's variable, merged as all else is; `{{ host.name
}}`, `{{ host.address }}` and `{{ host.groups }}` are there too. What stands between the braces is one of Jinja's
expressions, in its sandbox: `{{ vars.slots * 2 }}`, `{{ vars.net | default("10.0.0") }}.7`. Where it is the whole value,
that has its type (put it in quotes all the same: YAML wants them). A variable may be made of others. One that is not there
is an error with its place.

An expression that is never closed, and a statement that uses a variable (`{% if vars.x %}`), are errors: write `{{ A if vars.x
else B }}`. Braces that name neither `vars` nor `host` are not touched: `log-opts: {tag: "{{.Name}}"}` and `docker ps --format
'{{.Names}}'` go out as they stand. `!raw "{{ vars.x }}"` keeps a text from any replacement, `{host}` included. Names of
groups and keys of mappings take no variables.

`runnerops schema > runnerops.schema.json` writes the JSON Schema; an inventory whose first line is
`# yaml-language-server: $schema=runnerops.schema.json` is completed and checked by editors that know it.
`runnerops hosts` shows what came out, `runnerops hosts --explain HOST` each value of a host whole, and from where.

*Generated from `runnerops/inventory/descriptions.py` by `make docs`; edit it there.*
"""


def schema_text() -> str:
    """The JSON Schema, as `runnerops schema` prints it."""
    return json.dumps(inventory_schema(), indent=2, ensure_ascii=False) + "\n"


def inventory_page() -> str:
    """The generated part of `docs/inventory.md`."""
    return "\n".join((_INTRODUCTION, *_page())) + "\n"


def _page() -> Iterator[str]:
    yield from ("## The file", "", *_HEAD)
    for name, description in TOP.items():
        yield _row(name, "mapping", description)
        if name == "rollout":
            yield from (_row(f"rollout.{key}", "text or whole number", one) for key, one in ROLLOUT.items())
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
