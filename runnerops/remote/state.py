"""Decodes, from the answers of an observation, the state that runnerops keeps on a host, and facts about the host.
Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from runnerops.model.answers import Answers, text_of
from runnerops.model.common import ServiceName, Sha, Verb
from runnerops.model.facts import Facts
from runnerops.model.gitlab import CreationRecord, Managed, PauseRecord, Place
from runnerops.model.host_state import Hold, HostState, Intent, RemoteFile, Run, SecretFingerprints, latest
from runnerops.model.inventory import Requester
from runnerops.services.steps import ANY

_KILLED = 137
"""The status of a question that was ended at its time limit, or was not asked any more because of it."""


def facts(answers: Answers) -> Facts:
    """The facts that do not depend on any service."""
    return Facts(
        clock=int(text_of(answers, "clock") or 0),
        boot=text_of(answers, "boot"),
        machine=text_of(answers, "machine"),
        systemd="systemd" in answers and answers["systemd"].status == 0,
        tools=frozenset(text_of(answers, "tools").split()),
        addresses=tuple(_addresses(text_of(answers, "addresses"))),
        unseen=tuple(name.replace("_", " ") for name, answer in answers.items() if answer.status == _KILLED),
    )


def host_state(answers: Answers, files: Mapping[str, RemoteFile], facts: Facts) -> HostState:
    """The whole state of the host."""
    metas = read_metas(answers)
    runs = list(read_runs(metas, answers))
    applied: dict[str, Sha] = {}
    for run in runs:
        if run.result == "applied":
            applied |= run.files
    since = max((run.number for run in runs if run.result == "applied"), default=0)
    return HostState(
        files=files,
        facts=facts,
        intents=tuple(_intents(answers)),
        last=latest(runs),
        applied=applied,
        staged=_staged(answers, {run.number: run.files for run in runs if run.result == "applied"}),
        base=dict(_contents(answers, since, metas.get(since, {}))),
        since=since,
        since_of=(since_of := _since(runs, metas)),
        restored_by_removal=_restored_by_removal(since_of, metas),
        secret_fingerprints=_secret_fingerprints(metas.get(since, {}).get("secret_fingerprints")),
        versions=dict(_versions(answers)),
        format=newest_format(metas),
        hold=_hold(answers, facts.clock),
        newest=max(metas, default=0),
        in_gitlab=_in_gitlab([metas[run.number] for run in runs if run.result == "applied"]),
        paused=tuple(paused(answers)),
        begun=tuple(_begun(answers)),
    )


def _since(runs: Sequence[Run], metas: Mapping[int, Mapping[str, Any]]) -> Mapping[str, int]:
    """For each path, the newest applied run that looked at it itself, or else the oldest that carried it on."""
    numbers: dict[str, int] = {}
    for run in runs:
        if run.result == "applied":
            recorded = metas[run.number].get("recorded")
            for path in run.files:
                if path not in numbers or not isinstance(recorded, list) or path in recorded:
                    numbers[path] = run.number
    return numbers


def _restored_by_removal(since: Mapping[str, int], metas: Mapping[int, Mapping[str, Any]]) -> frozenset[str]:
    """Paths that, by `_since`, a removal was the last run to record."""
    removals = {number for number, meta in metas.items() if str(meta.get("command", "")).split()[:1] == ["remove"]}
    return frozenset(path for path, number in since.items() if number in removals)


def newest_format(metas: Mapping[int, Mapping[str, Any]]) -> int:
    """The newest format in which any run was written; 0 without runs."""
    formats = [meta.get("format") for meta in metas.values()]
    return max((number for number in formats if isinstance(number, int)), default=0)


def _lines(answers: Answers, name: str) -> Iterator[tuple[str, str]]:
    """The output of `grep -H`: path and line. Only a newline ends a line, because a kept file may contain U+2028."""
    output = answers[name].output.decode("utf-8", "replace") if name in answers else ""
    for line in output.split("\n"):
        path, _, text = line.partition(":")
        if text:
            yield path, text


def _addresses(text: str) -> Iterator[str]:
    """The addresses in the output of `ip -o addr`: `2: eth0    inet 192.0.2.7/24 brd …`."""
    for line in text.splitlines():
        words = line.split()
        if len(words) > 3 and words[2] in {"inet", "inet6"}:
            yield words[3].partition("/")[0]


def _intents(answers: Answers) -> Iterator[Intent]:
    """Intents: `VERB RUN INVOCATION` in a file named after the service. An unreadable one counts as the strongest
    action.
    """
    names = {service.value: service for service in ServiceName}
    for path, text in _lines(answers, "kept"):
        *_, folder, name = path.split("/")
        service = names.get(name)
        if folder != "intents" or service is None:
            continue
        words = text.split()
        try:
            yield Intent(service, Verb[words[0].upper()], int(words[1]), "" if words[2] == ANY else words[2])
        except (KeyError, ValueError, IndexError):
            yield Intent(service, Verb.RESTART, 0, "")


def _hold(answers: Answers, clock: int) -> Hold | None:
    for path, text in _lines(answers, "kept"):
        if path.endswith("/runnerops/hold"):
            hold = Hold.read(text)
            return None if hold.ended(clock) else hold
    return None


def paused(answers: Answers, name: str = "kept") -> Iterator[PauseRecord]:
    """Paused runners: `RUN URL NAME`, separated by TABs, in a file named after GitLab's id. An unreadable run becomes
    0.
    """
    for path, text in _lines(answers, name):
        *_, folder, number = path.split("/")
        if folder == "paused" and number.isdecimal():
            run, url, runner = [*text.split("\t", 2), "", ""][:3]
            yield PauseRecord(int(number), _number(run), url, runner)


def _begun(answers: Answers) -> Iterator[CreationRecord]:
    """Creations in GitLab: `URL KIND OF MARK`, separated by TABs. An unreadable one has no place."""
    kinds: Mapping[str, Place] = {"group": Place("group"), "project": Place("project"), "instance": Place("instance")}
    for path, text in _lines(answers, "kept"):
        fields = text.split("\t")
        if path.split("/")[-2:-1] == ["begun"] and len(fields) == 4 and (place := kinds.get(fields[1])):
            of = int(fields[2]) if fields[2].isdecimal() else fields[2]
            yield CreationRecord(path.rpartition("/")[2], fields[0], replace(place, of=of), fields[3])


def by_run(answers: Answers, name: str) -> Iterator[tuple[int, str, str]]:
    """Lines of the files that each run has: the number of the run, the name of the file, the line."""
    for path, text in _lines(answers, name):
        *_, number, file = path.split("/")
        if number.isdecimal():
            yield int(number), file, text


def read_metas(answers: Answers) -> dict[int, dict[str, Any]]:
    """All runs that have a folder. A run that lost its record in a power cut still occupies its number."""
    metas: dict[int, dict[str, Any]] = {
        int(word): {} for word in text_of(answers, "numbers").split() if word.isdecimal()
    }
    metas |= {number: parse_object(text) for number, file, text in by_run(answers, "kept") if file == "meta"}
    return metas


def read_runs(metas: Mapping[int, Mapping[str, Any]], answers: Answers, logs: str = "walked") -> Iterator[Run]:
    """The runs in order. `logs` names the answer that has at least the first and last lines of their logs."""
    ends: dict[int, str] = {}
    begins: dict[int, int] = {}
    failed: dict[int, int] = {}
    for number, file, line in by_run(answers, logs):
        if file != "log":
            continue
        *_, kind, text = ["", "", *line.rstrip().split("\t")]
        if kind == "end":
            ends[number] = text
        elif kind == "fail" and "\tforward\t" in line:
            failed.setdefault(number, _number(line.split("\t")[2]))
        elif kind == "note" and text.startswith("clock "):
            begins.setdefault(number, _number(text.removeprefix("clock ")))
    running = {line.split()[0] for line in text_of(answers, "alive").splitlines() if " failed " not in line}
    for number, meta in sorted(metas.items()):
        files = meta.get("files")
        yield Run(
            number=number,
            requester=_requester(meta),
            digest=str(meta.get("digest", "")),
            result=ends.get(number, ""),
            running=f"runnerops-{number}.service" in running and number not in ends,
            files=dict(files) if isinstance(files, dict) else {},
            started_at=begins.get(number, 0),
            command=str(meta.get("command", "deploy")),
            drained=isinstance(meta.get("drains"), list) and failed.get(number) in meta["drains"],
        )


def _requester(meta: Mapping[str, Any]) -> Requester:
    """Who asked for the run. What is missing or no text is empty."""
    by = meta.get("requested_by")
    requester_fields = {**(by if isinstance(by, dict) else {}), "command_id": meta.get("command_id")}
    names = ("user", "machine", "commit", "pipeline", "command_id")
    return Requester(*(value if isinstance(value := requester_fields.get(name), str) else "" for name in names))


def _contents(answers: Answers, run: int, meta: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The contents that this run left at each path, joined from their lines."""
    lines: dict[bytes, list[bytes]] = {}
    for line in (answers["kept"].output if "kept" in answers else b"").split(b"\n"):
        path, _, text = line.partition(b":")
        folder, _, name = path.rpartition(b"/")
        if folder.endswith(b"/%d" % run):
            lines.setdefault(name, []).append(text)
    names = meta.get("contents")
    for path, name in names.items() if isinstance(names, dict) else ():
        if (record := lines.get(str(name).encode())) is not None:
            yield path, b"\n".join([*record, b""])


def _secret_fingerprints(recorded: Any) -> SecretFingerprints:
    """The fingerprints that the last applied run recorded; none if their key is unreadable."""
    key, fingerprints = (
        (recorded.get("key"), recorded.get("fingerprints")) if isinstance(recorded, dict) else (None, None)
    )
    if not isinstance(key, str) or not isinstance(fingerprints, dict) or not re.fullmatch(r"([0-9a-f]{2})+", key):
        return SecretFingerprints()
    return SecretFingerprints(key, {str(name): str(location) for name, location in fingerprints.items()})


def _in_gitlab(metas: Sequence[Mapping[str, Any]]) -> Managed:
    """The runners that the newest of these runs with such a record managed in GitLab."""
    recorded: Mapping[str, Any] = next(
        (meta["in_gitlab"] for meta in reversed(metas) if isinstance(meta.get("in_gitlab"), dict)), {}
    )
    return {
        url: {int(number): str(name) for number, name in runners.items() if number.isdecimal()}
        for url, runners in recorded.items()
        if isinstance(runners, dict)
    }


def _versions(answers: Answers) -> Iterator[tuple[str, tuple[str, str]]]:
    """The versions that programs printed, with the fingerprints of their binaries, each on one line."""
    for name, answer in answers.items():
        text = text_of(answers, name.removeprefix("key/"))
        if name.startswith("key/") and answer.text and text:
            yield name.removeprefix("key/"), (answer.text, " ".join(text.split()))


def _staged(answers: Answers, applied: Mapping[int, Mapping[str, Sha]]) -> Mapping[str, frozenset[Sha]]:
    """Contents that runs intended to put at each path (or to remove). Old contents, staged for a rollback, do not
    count.

    Of a run that ended well, only contents that it recorded as `applied` count: others may have written in the file
    that it left.
    """
    by_path: dict[str, set[Sha]] = {}
    for number, file, text in by_run(answers, "walked"):
        fields = text.split("\t")
        if file != "forward":
            continue
        if len(fields) == 6 and not fields[1].startswith("old."):
            path, sha = fields[2], fields[5]
        elif fields[0] == "swap":
            path, sha = fields[1], fields[3]
        else:
            continue
        if applied.get(number, {}).get(path, sha) == sha:
            by_path.setdefault(path, set()).add(sha)
    return {path: frozenset(shas) for path, shas in by_path.items()}


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def parse_object(text: str) -> dict[str, Any]:
    """A JSON object; empty for any other text."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
