"""Writes the pages of the manual, and the schema, that are made from tables of the program: `make docs`."""

from __future__ import annotations

from pathlib import Path

from runnerops.report.inventory_reference import inventory_page, schema_text
from runnerops.report.reference import blockers_page, rules_page

PAGES = {
    "blockers.md": blockers_page,
    "inventory.md": inventory_page,
    "inventory.schema.json": schema_text,
    "rules.md": rules_page,
}


def main() -> None:
    """Write each page beside this script."""
    for name, page in PAGES.items():
        Path(__file__).with_name(name).write_text(page())


if __name__ == "__main__":
    main()
