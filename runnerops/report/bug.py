"""Reports a bug of ours in one paragraph. The redacted traceback is written to a file that only the user can read."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback

from runnerops import __version__
from runnerops.model.common import Exit
from runnerops.patterns import late_pattern

_QUOTED = late_pattern(r"'[^'\n]{6,}'|\"[^\"\n]{6,}\"")


def report_bug(error: BaseException) -> Exit:
    """Writes the traceback without the exception's text, which could contain secrets, and says where it is."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    text = f"runnerops {__version__}, python {sys.version.split()[0]}\n{frames}{type(error).__name__}: {_redacted(error)}\n"
    handle, path = tempfile.mkstemp(prefix="runnerops-bug-", suffix=".txt")  # created with mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    sys.stderr.write(
        f"runnerops: a bug of ours: {type(error).__name__}. What was going on is in {path} (readable by you only, "
        "values left out); please look through it and send it to the project's issues. No step runs on a host "
        "but those of a plan that was shown; `runnerops diff` tells how the hosts are.\n"
    )
    return Exit.BUG


def _redacted(error: BaseException) -> str:
    return _QUOTED.sub("'…'", str(error))
