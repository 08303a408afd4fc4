"""journalctl, simulated: the log lines of units, after a cursor."""

from __future__ import annotations

import sys
import time

from runnerops.demo.simulated import units
from runnerops.demo.simulated.locked import LockedWorld
from runnerops.demo.simulated.world import RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runnerops.demo.simulated.world import Tree


def journalctl(words: list[str]) -> int:
    """Prints lines, as with `-o cat` or in the short format."""
    options = _asked(words)
    with LockedWorld() as world:
        lines: list[Tree] = [{**line, "number": n} for n, line in enumerate(world.data["journal"], 1)]
        boot = world.data["boot"]
    if "unit" in options:
        lines = [line for line in lines if line["unit"] == units.full(options["unit"])]
    if life := options.get("_SYSTEMD_INVOCATION_ID"):
        lines = [line for line in lines if line["invocation"] == life]
    if cursor := options.get("after-cursor"):
        fields = dict(field.partition("=")[::2] for field in cursor.split(";"))
        if fields.get("s") != boot:
            raise RefusedError("Failed to seek to cursor: Invalid argument")
        lines = [line for line in lines if line["number"] > int(fields["i"], 16)]
    if "lines" in options:
        lines = lines[-int(options["lines"]) :]
    for line in lines:
        sys.stdout.write(f"{line['text']}\n" if options.get("output") == "cat" else _short(line))
    if "show-cursor" in options and lines:
        sys.stdout.write(f"-- cursor: s={boot};i={lines[-1]['number']:x}\n")
    return 0


_LONG = {"u": "unit", "n": "lines", "o": "output", "q": "quiet", "f": "follow", "b": "boot"}


def _asked(words: list[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    follows = iter(words)
    for word in follows:
        name, equals, value = word.lstrip("-").partition("=")
        name = _LONG.get(name, name)
        if not equals and name in {"unit", "lines", "output", "after-cursor"}:
            value = next(follows, "")
        options[name] = value
    return options


def _short(line: Tree) -> str:
    at = time.strftime("%b %d %H:%M:%S", time.localtime(line["at"]))
    return f"{at} demo {line['unit'].removesuffix('.service')}: {line['text']}\n"
