"""`runnerops hosts`: lists the hosts of the inventory, or shows where each value of one host comes from."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

from runnerops import inventory
from runnerops.engine.hosts.maintenance import in_maintenance
from runnerops.engine.hosts.targets import select_hosts_offline
from runnerops.engine.options import Flags, Invocation
from runnerops.errors import UsageError
from runnerops.frozen import frozen
from runnerops.inventory import Where
from runnerops.inventory.explain import Explained, explain
from runnerops.model.common import Exit, Key, ServiceName, Value, key_text
from runnerops.model.inventory import Host
from runnerops.parsing.moments import in_utc
from runnerops.redact import Masker, secrets_in
from runnerops.report.document import VERSION
from runnerops.report.screen import Screen

_WIDEST = 40
"""The greatest width of a column. A longer name only moves the rest of its own line."""
_KEY_FILE: Key = ("ssh", "key")
"""The value of this key is a path, so it is no secret although its name ends in `key`."""


def hosts(invocation: Invocation, explain: str, *, as_json: bool) -> Exit:
    """Exit 0. No secret is resolved, and secrets that are written in the inventory are masked."""
    path, targets, environ, screen = invocation
    if explain.startswith("-"):
        raise UsageError("--explain: no host is named", "write its name behind it: --explain HOST")
    if explain and targets:
        raise UsageError(f"--explain {explain}: shows one host", "leave the targets out")
    if explain:
        return _explain(path, explain, screen, as_json=as_json)
    loaded = inventory.load(path)
    chosen = select_hosts_offline(loaded, targets, environ, screen)
    if as_json:
        screen.json({"version": VERSION, "hosts": [_document(host) for host in chosen]})
    elif chosen:
        screen.lines(_table(chosen))
    return Exit.OK


def _table(chosen: Sequence[Host]) -> Iterator[tuple[str, str]]:
    resting = any(host.maintenance for host in chosen)
    rows = [("HOST", "ADDRESS", "GROUPS", "MANAGED", "MIRRORS", *(["MAINTENANCE"] if resting else []))]
    rows += [
        (
            host.name,
            host.address,
            _words(host.groups),
            _words(_managed(host)),
            _words(_mirrors(host)),
            *([_maintenance(host)] if resting else []),
        )
        for host in chosen
    ]
    widths = [max(len(cell) for cell in column if len(cell) <= _WIDEST) for column in zip(*rows, strict=True)]
    for index, row in enumerate(rows):
        text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        yield "dim" if index == 0 else "plain", text


def _words(words: Sequence[str]) -> str:
    return ",".join(words) or "-"


def _managed(host: Host) -> list[str]:
    return [service.value.replace("_", "-") for service in ServiceName if service in host.sections]


def _maintenance(host: Host) -> str:
    maintenance = host.maintenance
    if not maintenance:
        return "-"
    word = "until" if in_maintenance(host, Flags({})) else "ended"
    return f"{f'{word} {in_utc(maintenance.until)}: ' if maintenance.until else ''}{maintenance.reason}"


def _mirrors(host: Host) -> list[str]:
    mirrors = host.sections.get(ServiceName.DOCKER, {}).get("registry-mirrors")
    return [str(mirror) for mirror in mirrors] if isinstance(mirrors, list) else []


def _document(host: Host) -> dict[str, Any]:
    return {
        "name": host.name,
        "address": host.address,
        "groups": list(host.groups),
        "managed": _managed(host),
        "mirrors": _mirrors(host),
        "caches": [{"name": cache.name, "host": cache.host, "url": cache.url} for cache in host.caches],
        "maintenance": host.maintenance.reason if in_maintenance(host, Flags({})) and host.maintenance else None,
    }


def _explain(path: Where, host: str, screen: Screen, *, as_json: bool) -> Exit:
    values = explain(path, host)
    secret, variables = _secrets(values)
    screen.redactor.learn(secret)
    shown = _Shown(Masker(secrets.token_bytes(16)), variables)  # what a value overrode can be told apart from it
    if as_json:
        rows = [
            {
                "key": key_text(value.key),
                "value": shown.text(value.key, value.value),
                "source": value.source,
                "place": str(value.location or ""),
                "variables": [
                    {"name": variable.name, "source": variable.source, "place": str(variable.location)}
                    for variable in value.variables
                ],
                "over": [{"source": layer.source, "place": str(layer.location)} for layer in value.over],
            }
            for value in values
        ]
        screen.json({"version": VERSION, "host": host, "values": rows})
        return Exit.OK
    for value in values:
        place = f"{value.source}, {value.location}" if value.location else value.source
        screen.data(f"{key_text(value.key)} = {shown.text(value.key, value.value)}")
        screen.data(f"    {place}", "dim")
        for variable in value.variables:
            screen.data(f"    by vars.{variable.name} ({variable.source}, {variable.location})", "dim")
        for layer in value.over:
            screen.data(f"    over {shown.text(value.key, layer.value)} ({layer.source}, {layer.location})", "dim")
    return Exit.OK


def _secrets(values: Sequence[Explained]) -> tuple[set[str], frozenset[str]]:
    """The secrets that are written in one of these values, and the variables that a value with a secret contains."""
    names: set[str] = set()
    variables: set[str] = set()
    for value in values:
        for text, used in ((value.value, value.variables), *((layer.value, layer.variables) for layer in value.over)):
            if value.key != _KEY_FILE and (secret := secrets_in(value.key, text)):
                names.update(secret)
                variables.update(variable.name for variable in used)
    return names, frozenset(variables)


@frozen
class _Shown:
    """Formats values as the inventory has them. Secrets are shown by their tag, or masked if they are written there."""

    masker: Masker
    variables: frozenset[str]
    """Variables that are masked completely, because a secret is made from them."""

    def text(self, key: Key, value: Value) -> str:
        if key[:1] == ("vars",) and key[1:2] and key[1] in self.variables:
            value = self.masker.whole(value)
        elif key != _KEY_FILE:
            value = self.masker.of_inventory(key, value)
        if isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False, default=str)
        return json.dumps(value) if isinstance(value, bool) or value is None else str(value)
