"""The home directory whose `.ssh` is used. Needs no SSH library."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path


def ssh_home(environ: Mapping[str, str]) -> Path:
    """`HOME`, unless its `.ssh` belongs to another user, as under `sudo -E`: then the home that the system has for this
    user.

    OpenSSH always uses the latter. If both are the same folder, or the user has no `.ssh` there, the result is `HOME`.
    """
    home = Path(environ.get("HOME") or Path.home())
    try:
        if (home / ".ssh").stat().st_uid == os.getuid():
            return home
    except (FileNotFoundError, NotADirectoryError):
        return home
    except OSError:  # the folder of another user, which this user may not read
        pass
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return home
