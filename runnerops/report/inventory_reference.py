"""The page of the manual about the inventory's keys, and its schema as text. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from runnerops.inventory.keys.descriptions import HOST_KEYS, ROLLOUT, TOP, KeyDescription
from runnerops.inventory.keys.schema import inventory_schema, keys_of_ours

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

This page lists every key that runnerops itself defines. Any other key below `docker`, `gitlab_runner` or an item of
`runners` is a key of daemon.json or config.toml. It is passed through with its type, and `runnerops check` checks it.

## How values are merged

For each host, `defaults`, its `groups` from left to right, and the host itself are merged in this order. Mappings are merged
key by key, and `runners` and `caches` by `name`. Any other list or value replaces the one before. `null` removes an inherited
value.

`runnerops hosts` lists the hosts that result. `runnerops hosts --explain HOST` shows each value of a host and where it comes
from.

## Replacements

- Secrets are named where they are used: `!env NAME`, `!file PATH`, `!command "pass show x"`,
  `!secret "TOKEN={env:TOKEN}"` ([secrets.md](secrets.md)).
- `{host}` in any value (also of a secret) is replaced by the name of the host. After `!env` the name is written in capitals,
  with `_` for characters that the name of a variable cannot have. `${host}` of a shell and `{{host}}` of a template are left
  alone, and so are names of keys.
- `{{ vars.team }}` in any value (also of a secret) is replaced by a variable of the host, which `vars` defines. You can also
  use `{{ host.name }}`, `{{ host.address }}` and `{{ host.groups }}`.
- `!raw "{{ vars.x }}"` protects a text from all replacements, including `{host}`.

Between `{{` and `}}` you can write any expression of Jinja, which runs in Jinja's sandbox: `{{ vars.slots * 2 }}`,
`{{ vars.net | default("10.0.0") }}.7`. If the expression is the whole value, the value has the type of its result. (Put it in
quotes all the same, because YAML needs them.) A number becomes part of a text as it is written: with `tag: 3.10`,
`alpine:{{ vars.tag }}` is `alpine:3.10`. Variables may be made from others. These are errors, which name the place:

- a variable that does not exist;
- an expression that is not closed;
- a statement with a variable (`{% if vars.x %}`). Write `{{ A if vars.x else B }}` instead.

Braces that name neither `vars` nor `host` are left alone, such as `log-opts: {tag: "{{.Name}}"}` and
`docker ps --format '{{.Names}}'`. Names of groups and keys of mappings cannot contain variables.

## Many hosts

**Several files.** You can repeat `-i`, and name files or folders. Without `-i`, runnerops reads `inventory.yml`, or
otherwise the folder `inventory`:

```
inventory/hosts.yml            any *.yml at the top: a whole inventory, with defaults, groups, hosts
inventory/groups/builders.yml  the content of groups.builders
inventory/hosts/runner-7.yml   the content of hosts.runner-7 (also in folders below hosts/)
```

All files together are one inventory. If two files define the same thing (a host, a group, a key of `defaults`), that is an
error, which names both places. `templates/`, `known_hosts` and `.env` lie beside the first file or folder that is named.
Relative paths start there too. `adopt --write` adds a host to a file that has `hosts:`, and tells you if there is none.

**Ranges.** `runner-[01:40]:` is forty hosts, and `rack-[a:c]-[1:2]:` is six. An `address` may be a range of the same length
(`10.0.0.[1:40]`), or contain `{host}`.

**Anchors** of YAML may be defined below keys at the top level that begin with `x-`, which are otherwise ignored. An anchor is
known in its own file only.

## In an editor

`runnerops schema > runnerops.schema.json` writes the JSON Schema. Editors that know it complete and check an inventory with
this first line: `# yaml-language-server: $schema=runnerops.schema.json`.

*Generated from `runnerops/inventory/keys/descriptions.py` by `make docs`; edit it there.*
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
            yield from (
                _row(f"rollout.{key}", "text or whole number", description) for key, description in ROLLOUT.items()
            )
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
