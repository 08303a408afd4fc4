"""Commands that change the state on a host outside of a run: holds, records about GitLab, or all of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runnerops.model.common import STATE_FOLDER
from runnerops.model.gitlab import CreationRecord, PauseRecord
from runnerops.model.host_state import Hold
from runnerops.remote.protocol import CONTROL_CHARACTERS

_HOLD = (
    'umask 077; d=${RUNNEROPS_ROOT-}$1; mkdir -p "$d" && printf "%s\\n" "$2" >"$d/.hold" && '
    'mv -f "$d/.hold" "$d/hold" && { sync "$d/hold" "$d" 2>/dev/null || sync; }'
)


NOT_HELD = 79
"""Exit status of `release`: there was no hold."""


_RELEASE = 'f=${RUNNEROPS_ROOT-}$1/hold; [ -e "$f" ] || exit 79; rm -f "$f"'


_KEEP = (
    'umask 077; d=${RUNNEROPS_ROOT-}$1/$2; shift 2; mkdir -p "$d" || exit 1; while [ $# -gt 0 ]; do '
    'printf "%s\\n" "$2" >"$d/.$1" && mv -f "$d/.$1" "$d/$1" || exit 1; shift 2; done; '
    'sync "$d"/* "$d" 2>/dev/null || sync'
)


_DROP = 'cd "${RUNNEROPS_ROOT-}$1/$2" 2>/dev/null || exit 0; shift 2; rm -f "$@"'


_CLAIM = (
    'd=${RUNNEROPS_ROOT-}$1 run=$2 end=$3; shift 3; if cd "$d/begun" 2>/dev/null; then '
    'for r in *; do [ ! -e "$r" ] || case " $* " in *" $r "*) ;; *) exit 77 ;; esac; done; '
    'for r; do [ ! -e "$r" ] || mv "$r" "$r$end" || exit 1; done; fi; '
    '[ ! -e "$d/runs/$run" ] || { for r; do [ ! -e "$r$end" ] || mv "$r$end" "$r"; done; exit 77; }'
)
"""Looks at the records first and then at the runs; `start` does it in reverse order. So at most one of the two
continues.
"""


IN_USE = 77
"""Exit status of `forget`: a run is under way on the host."""


UNFINISHED = 78
"""Exit status of `forget`: there is a record of an intent, of a runner paused or begun in GitLab, or of a token that
config.toml lacks. The last line on stderr names the file.
"""


_FORGET = (
    'd=${RUNNEROPS_ROOT-}$1 n=0; rm -rf "$d.gone"; [ -d "$d" ] || exit 0; '
    'cd "$d" && exec 9>>lock || exit 1; flock -w "$2" 9 || exit 77; '
    'while systemctl list-units --all --plain --no-legend "runnerops-[0-9]*" | grep -qv " failed "; do '
    'n=$((n + 1)); [ "$n" -lt "$2" ] || exit 77; sleep 1; done; '
    'for i in intents/* rotated/* paused/* begun/*; do [ ! -e "$i" ] || { echo "$i" >&2; exit 78; }; done; '
    'cd / && mv "$d" "$d.gone" && rm -rf "$d.gone"'
)
"""Renames the folder first, so that a kill does not leave half of it. The unit of the last run may need a moment to
end.
"""


def hold(hold_record: Hold) -> tuple[str, ...]:
    """The command that puts a hold on the host. It replaces an existing hold."""
    fields = (str(hold_record.until), hold_record.by, hold_record.reason)
    return ("sh", "-c", _HOLD, "sh", STATE_FOLDER, "\t".join(CONTROL_CHARACTERS.sub(" ", field) for field in fields))


def release() -> tuple[str, ...]:
    """The command that removes a hold."""
    return ("sh", "-c", _RELEASE, "sh", STATE_FOLDER)


def write_pause_records(records: Iterable[PauseRecord]) -> tuple[str, ...]:
    """The command that records which runners are paused in GitLab, and by which run."""
    return _write_records(
        "paused", ((str(record.id), (str(record.run), record.url, record.runner)) for record in records)
    )


def delete_pause_records(numbers: Iterable[int]) -> tuple[str, ...]:
    """The command that removes such records, by GitLab's ids."""
    return ("sh", "-c", _DROP, "sh", STATE_FOLDER, "paused", *map(str, numbers))


def write_creation_records(records: Iterable[CreationRecord]) -> tuple[str, ...]:
    """The command that records where a deploy begins to create runners in GitLab."""
    return _write_records(
        "begun",
        ((record.name, (record.url, record.place.kind, str(record.place.of), record.mark)) for record in records),
    )


def delete_creation_records(records: Iterable[CreationRecord]) -> tuple[str, ...]:
    """The command that removes such records."""
    return ("sh", "-c", _DROP, "sh", STATE_FOLDER, "begun", *(record.name for record in records))


def claim_creation_records(names: Iterable[str], end: str, run: int) -> tuple[str, ...]:
    """The command that appends `end` to the names of these records. It exits with 77 if there are other records by now,
    or if the run with this number has begun.
    """
    return ("sh", "-c", _CLAIM, "sh", STATE_FOLDER, str(run), end, *names)


def _write_records(folder: str, records: Iterable[tuple[str, Sequence[str]]]) -> tuple[str, ...]:
    """The command that writes these records into a folder, one file each: its name, and fields separated by TABs."""
    words: list[str] = []
    for name, fields in records:
        words += (name, "\t".join(CONTROL_CHARACTERS.sub(" ", field) for field in fields))
    return ("sh", "-c", _KEEP, "sh", STATE_FOLDER, folder, *words)


def forget(patience_s: int = 10) -> tuple[str, ...]:
    """The command that removes the whole state from the host, unless a run is under way or something is unfinished.

    `patience_s` is how long it waits for a run, in whole seconds.
    """
    return ("sh", "-c", _FORGET, "sh", STATE_FOLDER, str(patience_s))
