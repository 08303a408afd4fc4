"""The console script `runnerops`, and `python -m runnerops`."""

from __future__ import annotations

import gc


def main() -> None:
    """A command has a short life: collecting while modules load, typer first, costs more than it frees."""
    gc.set_threshold(100_000)
    from runnerops.cli import main as run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
