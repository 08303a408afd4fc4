"""GitLab's job log, in which parts fold."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Container
from itertools import count
from typing import TextIO


def in_job_log(stream: TextIO) -> bool:
    """Whether GitLab's job log shows it: in a job, unless it goes to a file."""
    if not os.environ.get("GITLAB_CI"):
        return False
    try:
        return not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


def begin_part(name: str, *, folded: bool) -> str:
    """What stands before the title of a part. `folded`: whether the part is so at first."""
    return _mark("start", f"{name}{'[collapsed=true]' if folded else ''}")


def end_part(name: str) -> str:
    """The line that ends a part of a job's log."""
    return _mark("end", name)


def _mark(what: str, name: str) -> str:
    return f"\x1b[0Ksection_{what}:{time.time():.0f}:{name}\r\x1b[0K"


def own_name(name: str, others: Container[str]) -> str:
    """Of the letters that GitLab takes (`build_trace_section_regex`). A host that is shown once more has another."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    free = (f"{plain}-{number}" if number > 1 else plain for number in count(1))
    return next(one for one in free if one not in others)
