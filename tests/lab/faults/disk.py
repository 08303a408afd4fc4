"""A small file system under a folder of a host, for a while; what lay there lies in it, and in its place again after."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.host import LabHost

_SMALL = """
mkdir -p -m 0700 "$1" && rm -rf /run/lab-kept && cp -a "$1" /run/lab-kept &&
mount -t tmpfs -o "mode=$(stat -c %a "$1"),size=$(($(du -sk "$1" | cut -f1) + $2))k" lab-small "$1" &&
cp -a /run/lab-kept/. "$1"
"""
_LARGE = """
rm -f "$1/.filler"; rm -rf /run/lab-kept; cp -a "$1" /run/lab-kept && umount -l "$1" &&
find "$1" -mindepth 1 -delete && cp -a /run/lab-kept/. "$1"
"""


@contextmanager
def small_disk(host: LabHost, folder: str, room_k: int = 1600) -> Iterator[None]:
    """`room_k`: how many KiB are free at first."""
    _sh(host, _SMALL, folder, str(room_k))
    try:
        yield
    finally:
        _sh(host, _LARGE, folder)


def free_again(host: LabHost, folder: str) -> None:
    """Take away what filled it."""
    host.run(f"rm -f {shlex.quote(folder)}/.filler")


def _sh(host: LabHost, script: str, *words: str) -> None:
    host.run(f"bash -c {shlex.quote(script)} bash {shlex.join(words)}")
