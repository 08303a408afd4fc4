"""Brings the Compose specification's JSON schema: `python tools/refresh_compose_spec.py`.

Takes it, with its licence, from the newest `check-jsonschema` on PyPI, which carries it as its project publishes it. Prints
what became of the keys; the release that brought one goes into `schema/compose_since.py`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGE = "check-jsonschema"
FOLDER = Path(__file__).parent.parent / "runnerops" / "services" / "registry" / "schema"
FILES = {
    "vendor/compose-spec.json": "compose-spec.json",
    "vendor/licenses/LICENSE.compose-spec": "LICENSE.compose-spec",
}


def main() -> int:
    """Exit 0; the files are written where they differ."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, PACKAGE], check=True, timeout=300
        )
        (wheel,) = Path(folder).glob("*.whl")
        print(*refresh(wheel, FOLDER), sep="\n")
    return 0


def refresh(wheel: Path, folder: Path) -> Iterator[str]:
    """Copies the files out of a wheel; says which keys came (`+`) and went (`-`)."""
    old = folder / "compose-spec.json"
    before = set(keys(json.loads(old.read_text("utf-8")))) if old.exists() else set()
    with zipfile.ZipFile(wheel) as archive:
        for end, name in FILES.items():
            (member,) = (one for one in archive.namelist() if one.endswith(end))
            (folder / name).write_bytes(archive.read(member))
    after = set(keys(json.loads(old.read_text("utf-8"))))
    yield f"{wheel.name}: {len(after)} keys"
    yield from (f"+ {key}" for key in sorted(after - before))
    yield from (f"- {key}" for key in sorted(before - after))


def keys(schema: Any, place: str = "") -> Iterator[str]:
    """Every key that has a name in the schema, under the definition that names it."""
    if isinstance(schema, dict):
        for name, inner in schema.items():
            if name == "properties" and isinstance(inner, dict):
                yield from (f"{place}.{one}".lstrip(".") for one in inner)
            yield from keys(inner, name if place in {"", "$defs", "properties"} else place)
    elif isinstance(schema, list):
        for inner in schema:
            yield from keys(inner, place)


if __name__ == "__main__":
    sys.exit(main())
