"""`runnerops schema`: prints the JSON Schema of the inventory, for editors."""

from __future__ import annotations

from runnerops.model.common import Exit
from runnerops.report.inventory_reference import schema_text
from runnerops.report.screen import Screen


def schema(screen: Screen) -> Exit:
    """Prints the schema to standard output."""
    screen.lines(("verbatim", line) for line in schema_text().splitlines())
    return Exit.OK
