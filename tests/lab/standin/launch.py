"""Starts the stand-in under the name and the command line of the real one, before anything slow is imported.

`ps`, /proc and whoever asks how the runner was started then see no interpreter. The memory of the old command line is
written over; gitlab-runner.sh sees to it that the new one is as long.
"""

import os
import signal
import sys


def look_like_the_real_one() -> None:
    """Write over this process's name and command line."""
    with open("/proc/self/comm", "w") as comm:
        comm.write("gitlab-runner")
    with open("/proc/self/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    line = b"".join(os.fsencode(word) + b"\0" for word in ("/usr/bin/gitlab-runner", *sys.argv[1:]))
    if len(line) == end - start:
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(start)
            memory.write(line)


if __name__ == "__main__":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until its handler is set; the file is loaded at the start anyway
    look_like_the_real_one()
    from standin.commands import main  # type: ignore[import-not-found]

    sys.exit(main())
