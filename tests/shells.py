"""Programs that tests want of this machine; first the shells that hosts have as /bin/sh, each of which runs the host's half."""

from __future__ import annotations

import shutil

import pytest

_WORDS = {"dash": (), "bash": ("--posix",), "busybox": ("sh",)}
ARGV = {name: (shutil.which(name) or name, *words) for name, words in _WORDS.items()}
"""How each is called, by its whole path: a test may change PATH."""

HERE = tuple(ARGV[name] for name in ARGV if shutil.which(name))
"""Those that this machine has."""

SH = HERE[0] if HERE else ("sh",)
"""One of them, for what does not differ between shells."""


WANTING = " here (apt-get install"
"""What every such reason has in it."""


def without(program: str, package: str = "") -> str:
    """Why a test was not run: words for the line that says so at the end."""
    return f"no {program}{WANTING} {package or program})"


SHELLS = [
    pytest.param(argv, id=name, marks=pytest.mark.skipif(argv not in HERE, reason=without(name)))
    for name, argv in ARGV.items()
]
"""Parameters of a test: each shell's argv; one that is missing is a skipped test, not one less."""
