"""The runs that a host keeps, read in one exec that cannot write. Encodes the question and decodes the answer."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from runnerops.errors import HostError
from runnerops.frozen import frozen
from runnerops.model import host_state
from runnerops.model.answers import Answers
from runnerops.model.common import HOST_FORMAT, STATE_FOLDER
from runnerops.model.gitlab import PauseRecord
from runnerops.model.run import Event, Record
from runnerops.remote import observation, protocol, state
from runnerops.remote.links import Reader

_WAIT = """
log=${{RUNNEROPS_ROOT-}}/var/lib/runnerops/runs/{run}/log left={seconds}
over() {{
    case $(systemctl show -p ActiveState --value runnerops-{run}) in
    active | activating | deactivating | reloading) grep -q "$(printf '\\tend\\t')" "$log" 2>/dev/null ;;
    esac
}}
until over || [ "$left" = 0 ]; do left=$((left - 1)) && sleep 1; done
if over; then echo over; fi
"""
"""Waits some seconds for the end of a run. Asks whether the run is alive before its log is read."""


@frozen
class History:
    """`clock` is the host's clock in epoch seconds. `records` starts with the newest run. `paused`: runners that are
    paused in GitLab for a run, or that an ended run has left paused.
    """

    clock: int
    records: tuple[Record, ...]
    paused: tuple[PauseRecord, ...] = ()

    @property
    def latest(self) -> Record | None:
        """The record of the run that is under way, or else of the last one."""
        run = host_state.latest([record.run for record in reversed(self.records)])
        return next((record for record in self.records if record.run is run), None)


def read_history(host: str, reader: Reader) -> History:
    """Every run that the host still keeps. Raises HostError."""
    nonce = secrets.token_hex(16)
    history_functions = Path(__file__).with_name("history.sh").read_text(encoding="utf-8")
    script = observation.build_script(nonce, [("observe_history",)], [history_functions])
    answers, _ = observation.decode_observation(nonce, reader.read(script))
    newest = state.newest_format(state.read_metas(answers))
    if newest > HOST_FORMAT:
        message = f"a newer runnerops has deployed to this host (format {newest}, this one reads {HOST_FORMAT})"
        raise HostError(host, message, "upgrade runnerops here", result="refused")
    records = tuple(sorted(_records(host, answers), key=_number, reverse=True))
    return History(state.facts(answers).clock, records, tuple(state.paused(answers, "paused")))


def read_kept(reader: Reader, places: Collection[str]) -> Mapping[str, bytes]:
    """The files at these paths below the host's state folder; missing ones are left out. Raises HostError."""
    nonce = secrets.token_hex(16)
    calls = [("file", f"{STATE_FOLDER}/{place}") for place in places]
    _, files = observation.decode_observation(nonce, reader.read(observation.build_script(nonce, calls, [])))
    contents = ((place, files[f"{STATE_FOLDER}/{place}"].content) for place in places)
    return {place: content for place, content in contents if content is not None}


def last_applied(history: History) -> Mapping[str, str]:
    """Where each content of the last applied run is kept."""
    last = next((record for record in history.records if record.run.result == "applied"), None)
    return {path: f"runs/{last.run.number}/{name}" for path, name in last.contents.items()} if last else {}


def wait_for_end(reader: Reader, run: int, seconds: int) -> bool:
    """Waits on the host for at most `seconds`, in one exec, and returns whether this run is over. Raises HostError."""
    return reader.read(_WAIT.format(run=run, seconds=seconds).encode()).strip() == b"over"


def _number(record: Record) -> int:
    return record.run.number


def _records(host: str, answers: Answers) -> Iterator[Record]:
    metas = state.read_metas(answers)
    logs, *lists = (_grouped(answers, name) for name in ("logs", "forward", "rollback"))
    titles = [_grouped(answers, "titles", f"titles.{name}") for name in ("forward", "rollback")]
    for run in state.read_runs(metas, answers, "logs"):
        meta = metas[run.number]
        actions, contents = meta.get("actions"), meta.get("contents")
        forward, rollback = (
            protocol.decode(steps.get(run.number, ()), step_titles.get(run.number, ()))
            for steps, step_titles in zip(lists, titles, strict=True)
        )
        yield Record(
            run=run,
            command=str(meta.get("command", "deploy")),
            actions=tuple(map(str, actions)) if isinstance(actions, list) else (),
            forward=forward,
            rollback=rollback,
            events=tuple(_events(host, logs.get(run.number, ()))),
            contents=dict(contents) if isinstance(contents, dict) else {},
        )


def _events(host: str, lines: tuple[str, ...]) -> Iterator[Event]:
    decoder = protocol.Decoder(host)
    for line in lines:
        if event := decoder.event(line):
            yield event


def _grouped(answers: Answers, name: str, file: str = "") -> Mapping[int, tuple[str, ...]]:
    """The lines of each run; with `file`, only the lines of this file, for an answer that has several."""
    lines_by_run: dict[int, list[str]] = {}
    for number, file_name, line in state.by_run(answers, name):
        if not file or file_name == file:
            lines_by_run.setdefault(number, []).append(line)
    return {number: tuple(lines) for number, lines in lines_by_run.items()}
