"""The tree that these tests belong to. Commands that tests start run its code, whichever runnerops is installed."""

from __future__ import annotations

from pathlib import Path

TREE = {"PYTHONPATH": str(Path(__file__).parent.parent)}
"""For the environment of such a command."""
