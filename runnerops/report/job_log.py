"""GitLab's job log, which has parts that fold."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Container
from itertools import count
from typing import TextIO


def in_job_log(stream: TextIO) -> bool:
    """Whether the stream is GitLab's job log: in a job, unless it is a file."""
    if not os.environ.get("GITLAB_CI"):
        return False
    try:
        return not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


def begin_part(name: str, *, folded: bool) -> str:
    """The text before the title of a part. `folded`: whether the part is folded at first."""
    return _mark("start", f"{name}{'[collapsed=true]' if folded else ''}")


def end_part(name: str) -> str:
    """The line that ends a part of a job log."""
    return _mark("end", name)


def _mark(edge: str, name: str) -> str:
    return f"\x1b[0Ksection_{edge}:{time.time():.0f}:{name}\r\x1b[0K"


def own_name(name: str, used_names: Container[str]) -> str:
    """A name in characters that GitLab accepts (`build_trace_section_regex`), different from the others."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    free = (f"{plain}-{number}" if number > 1 else plain for number in count(1))
    return next(free_name for free_name in free if free_name not in used_names)
