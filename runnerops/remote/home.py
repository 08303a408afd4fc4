"""The home whose `.ssh` counts. Needs no SSH library."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path


def ssh_home(environ: Mapping[str, str]) -> Path:
    """`HOME`, unless its `.ssh` belongs to another user, as under `sudo -E`: then the home that the system has for this user.

    OpenSSH takes the latter in any case. Where both are the same folder, or the user has none there, it is `HOME`.
    """
    home = Path(environ.get("HOME") or Path.home())
    try:
        if (home / ".ssh").stat().st_uid == os.getuid():
            return home
    except (FileNotFoundError, NotADirectoryError):
        return home
    except OSError:  # another user's folder, which this one may not look into
        pass
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return home
