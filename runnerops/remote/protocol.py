"""How this program talks to `host.sh` and `observe.sh` on the host: encodes steps, decodes events. Pure.

`host.sh` walks the steps; `observe.sh` frames what is read. Every call is one constant `sh -c '…' sh ARG…`, so that it
means the same in every login shell.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

from runnerops.model.common import HOST_FORMAT, STATE_FOLDER
from runnerops.model.plan import Plan
from runnerops.model.run import Event, EventKind, StepList
from runnerops.model.steps import Step, StepVerb, drains
from runnerops.patterns import late_pattern

RUN_EXISTS = 75
"""Exit status of `start`: another run was started in the meantime. Nothing was changed."""
NO_ROOM = 74
"""Exit status of `start`: the files of the run could not be written."""
NO_UNIT = 73
"""Exit status of `start`: systemd did not start the run."""
NO_END = 76
"""Exit status of `follow`: the run does not exist, or it was cut off."""

HELD = 72
"""Exit status of `start`: the host has been put on hold since it was looked at. The hold is printed."""

TAKEN_OVER = 71
"""Exit status of `start`: another deploy took what this run had created in GitLab for leftovers."""

_START = (
    'umask 077; s=${RUNNEROPS_ROOT-}$1 n=$2 k=$3 h=${RUNNEROPS_ROOT-}$1/hold t=$(printf "\\t") u=0 l=""; '
    'if [ "$4" = heed ] && [ -s "$h" ]; then '
    'IFS= read -r l <"$h"; case $l in *"$t"*"$t"?*) u=${l%%"$t"*} ;; esac; [ "$u" -ge 0 ] 2>/dev/null || u=0; '
    'if [ "$u" = 0 ] || [ "$u" -gt "$(date +%s)" ]; then printf "%s\\n" "$l"; exit 72; fi; fi; '
    'd=$s/runs; mkdir -p "$d" || exit 74; mkdir "$d/$n" 2>/dev/null || { [ ! -e "$d/$n" ] || exit 75; exit 74; }; '
    'shift 4; for r; do [ -e "$s/begun/$r" ] || { rmdir "$d/$n"; exit 71; }; done; '
    'tar xf - -C "$d/$n" || { rm -rf "$d/$n"; exit 74; }; exec sh "$d/$n/host.sh" start "$d/$n" "$k"'
)
_FOLLOW = f'd=${{RUNNEROPS_ROOT-}}$1; [ -r "$d/host.sh" ] || exit {NO_END}; exec sh "$d/host.sh" follow "$d" "$2"'
KEEP_KIB = 32 * 1024
"""How much space the kept runs may need together. The oldest are removed first."""
_STOP = (
    'l=${RUNNEROPS_ROOT-}$1/runs/$2/log n=0; until systemctl stop --no-block "runnerops-$2" 2>/dev/null; do '
    'n=$((n+1)); [ $n -lt 10 ] || exit 1; if grep -q "$3" "$l" 2>/dev/null; then exit 0; fi; sleep 1; done'
)
CONTROL_CHARACTERS = late_pattern(r"[\x00-\x1f\x7f]")
_MARGIN_SECONDS = 30
NO_TITLE = "-"
"""The title of a step whose verb needs no further title."""
_LINE = late_pattern(r"([0-9.]+)\t(forward|rollback|)\t(-?[0-9]+)\t(step|done|wait|note|fail|end)\t([^\t\n]*)")


class StepError(ValueError):
    """A step that cannot be encoded. The message names the step."""


def encode(steps: Iterable[Step]) -> bytes:
    """One step per line, with fields separated by single TABs. Raises StepError for an empty field or a control
    character.
    """
    lines = []
    for step in steps:
        fields = (step.verb, *step.args)
        if not all(fields) or any(CONTROL_CHARACTERS.search(field) for field in fields):
            raise StepError(f"{step.verb} {step.args!r}: an empty field or a control character")
        try:
            lines.append(("\t".join(fields) + "\n").encode("utf-8", "surrogateescape"))
        except UnicodeEncodeError:
            raise StepError(f"{step.verb} {step.args!r}: not a text that a host could hold") from None
    return b"".join(lines)


def decode(lines: Sequence[str], titles: Sequence[str] = ()) -> tuple[Step, ...]:
    """Decodes a list that `encode` made, with the titles from `encode_titles`, if they were kept."""
    usable_titles = titles if len(titles) == len(lines) else [NO_TITLE] * len(lines)
    steps = (tuple(line.split("\t")) for line in lines)
    return tuple(
        Step(cast("StepVerb", verb), tuple(args), "" if title == NO_TITLE else title)
        for (verb, *args), title in zip(steps, usable_titles, strict=True)
    )


def encode_titles(steps: Iterable[Step]) -> bytes:
    """One title per line, for people who read which steps were walked. The host does not read titles."""
    return "".join(f"{CONTROL_CHARACTERS.sub(' ', step.title) or NO_TITLE}\n" for step in steps).encode(
        "utf-8", "replace"
    )


def stop_timeout(rollback: Iterable[Step]) -> int:
    """How many seconds a rollback may take. systemd's default of 90 would kill it half-way."""
    return _MARGIN_SECONDS + sum(int(step.args[0]) for step in rollback if step.verb in {"run", "await"})


def start(plan: Plan) -> tuple[str, ...]:
    """The command that unpacks a run from standard input, starts it and follows it."""
    return (
        "sh",
        "-c",
        _START,
        "sh",
        STATE_FOLDER,
        str(plan.run),
        str(stop_timeout((*plan.rollback, *plan.diagnostics))),
        "heed" if plan.heeds_hold else "pass",
        *plan.relies_on,
    )


def follow(run: int, byte: int) -> tuple[str, ...]:
    """The command that follows the log of a run from this byte on."""
    return ("sh", "-c", _FOLLOW, "sh", f"{STATE_FOLDER}/runs/{run}", str(byte))


def stop(run: int) -> tuple[str, ...]:
    """The command that stops the unit of a run, whose ExecStopPost rolls back. Waits for a unit that is only just
    starting.
    """
    return ("sh", "-c", _STOP, "sh", STATE_FOLDER, str(run), "\tend\t")


def payload(plan: Plan) -> bytes:
    """The folder of the run as a tar archive (all files 0600): steps, files, what to record, and lines that no output
    may contain.

    `forward` comes last. So if the connection is lost during the transfer, no step is walked.
    """
    files = {
        "host.sh": Path(__file__).with_name("host.sh").read_bytes(),
        "rollback": encode(plan.rollback),
        "diagnostics": encode(plan.diagnostics),
        "titles.forward": encode_titles(plan.forward),
        "titles.rollback": encode_titles(plan.rollback),
        "meta": f"{meta_text(plan)}\n".encode(),
        "secrets": "".join(f"{line}\n" for line in sorted(plan.secrets) if line).encode(),
        "versions": "".join(f"{name}\t{key}\t{version}\n" for name, (key, version) in plan.versions.items()).encode(),
        "keep": f"{plan.keep_runs} {KEEP_KIB}\n".encode(),
        **plan.files,
        "forward": encode(plan.forward),
    }
    import tarfile  # noqa: PLC0415  only needed by a deploy that changes something

    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o600
            tar.addfile(info, io.BytesIO(content))
    return target.getvalue()


def meta_text(plan: Plan) -> str:
    """What is recorded about a run, as one line of JSON."""
    requester = plan.requester
    meta = {
        "format": HOST_FORMAT,
        "run": plan.run,
        "requested_by": {
            "user": requester.user,
            "machine": requester.machine,
            "commit": requester.commit,
            "pipeline": requester.pipeline,
        },
        "command": plan.command,
        "command_id": requester.command_id,
        "digest": plan.digest,
        "drains": [index for index, step in enumerate(plan.forward) if drains(step)],
        "actions": [f"{action.shown} {action.service}" for action in plan.actions],
        "files": dict(plan.applied),
        "contents": dict(plan.contents),
        **({"recorded": sorted(plan.recorded)} if plan.recorded < plan.applied.keys() else {}),
        "in_gitlab": {
            url: {str(number): name for number, name in names.items()} for url, names in plan.in_gitlab.items()
        },
        "secret_fingerprints": {
            "key": plan.secret_fingerprints.key,
            "fingerprints": dict(plan.secret_fingerprints.fingerprints),
        },
    }
    return json.dumps(meta, sort_keys=True)


_ESCAPE = late_pattern(
    r"(?:\x1b\[|\x9b)[0-9:;<=>?]*[ -/]*(?:[@-~]|$)|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)"
    r"|\x1b[@-Z\\^_]?|[\x80-\x9f]"
)


def plain(text: str) -> str:
    """The text without 7-bit and 8-bit terminal control functions (ECMA-48), even one that is cut off at the end of the
    line.
    """
    return _ESCAPE.sub("", text)


class Decoder:
    """Decodes log lines into events. The first line of a log relates the host's uptime to epoch seconds."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._epoch = 0.0

    def event(self, line: str) -> Event | None:
        """The event of a line; None if it is not an event (such as a line that was cut off)."""
        match = _LINE.fullmatch(line.rstrip("\n"))
        if match is None:
            return None
        up, name, index, kind, text = match.groups()
        if kind == "note" and index == "-1" and (clock := re.fullmatch("clock ([0-9]+)", text)):
            self._epoch = float(clock[1]) - float(up)
            return None
        return Event(
            self._host,
            self._epoch + float(up),
            cast("StepList", name),
            int(index),
            cast("EventKind", kind),
            plain(text),
        )
