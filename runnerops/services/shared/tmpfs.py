"""What Docker and the kernel refuse in the options of a tmpfs, for containers of Compose and for jobs. Pure.

Source: moby's `MergeTmpfsOptions`, and the kernel's `shmem_parse_one`.
"""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.common import word_set
from runnerops.parsing.near import near_fix
from runnerops.patterns import late_pattern

_FLAGS = word_set("""
    async atime bind defaults dev diratime dirsync exec mand noatime nodev nodiratime noexec nomand norelatime nostrictatime
    nosuid private rbind relatime ro rprivate rshared rslave runbindable rw shared slave strictatime suid sync
    unbindable
""")
"""Without `remount`, which Docker passes on, and the kernel refuses."""
_SIZE = late_pattern(r"(?:0[xX][0-9a-fA-F]+|[0-9]+)[kKmMgGtTpPeE]?")
_PERCENT = late_pattern(r"(?:0[xX][0-9a-fA-F]+|[0-9]+)[kKmMgGtTpPeE]?%?")
_NUMBER = late_pattern(r"0[xX][0-9a-fA-F]+|[0-9]+")
_VALUES = {
    "size": (_PERCENT, "size=64m"),
    "nr_blocks": (_SIZE, "nr_blocks=1k"),
    "nr_inodes": (_SIZE, "nr_inodes=10k"),
    "mode": (late_pattern(r"[0-7]+"), "mode=1777"),
    "uid": (_NUMBER, "uid=1000"),
    "gid": (_NUMBER, "gid=1000"),
    "mpol": (late_pattern(r".+"), ""),
}
"""Options with a value: its form, and an example."""


def wrong_options(options: str) -> Iterator[tuple[str, str]]:
    """Each problem in a text such as `size=64m,noexec`, and its fix."""
    for option in options.split(",") if options else ():
        name, sign, value = option.partition("=")
        form, example = _VALUES.get(name, (None, ""))
        if not option:
            yield "has an option that is empty", "take the comma out"
        elif sign and form:
            if not form.fullmatch(value):
                yield f"has a value for {name!r} that the kernel refuses", f"write for example {example}"
        elif sign or name not in _FLAGS:
            fix = f"give it a value: {name}=…" if form else near_fix(name, sorted(_FLAGS | set(_VALUES)))
            yield f"has an option {option!r} that a tmpfs does not have", fix
