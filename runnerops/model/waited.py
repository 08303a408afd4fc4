"""The running jobs that a run waits for, in the words of its host. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from runnerops.frozen import frozen
from runnerops.model.facts import Job
from runnerops.patterns import late_pattern

_COUNTED = late_pattern(r"(\d+) jobs?(?:: (.*))?")
_KEYS = late_pattern(r' (name|project|runner|started)="([^"]*)"')


@frozen
class Waited:
    """`count` running jobs, of which `jobs` are known: the first line of a drain's output."""

    count: int
    jobs: tuple[Job, ...] = ()


def read_waited(text: str) -> Waited | None:
    """Reads `2 jobs: job 7 name="build" project="a/b" runner="r" started="2026-11-29T21:19:00Z"; job 8`; None for other
    texts.
    """
    match = _COUNTED.fullmatch(text)
    return Waited(int(match[1]), tuple(_jobs(match[2] or ""))) if match else None


def _jobs(text: str) -> Iterator[Job]:
    """The jobs that are named, the oldest first."""
    named_jobs = [read_job(entry) for entry in text.split("; ") if entry]
    yield from sorted(named_jobs, key=lambda job: (not job.started_at, job.started_at))


def read_job(text: str) -> Job:
    """Reads `job 7`, or another sign of a job (`process 50 (su)`), and what GitLab said about it."""
    sign = _KEYS.sub("", text)
    job = sign.removeprefix("job ")
    return described(Job(job if job.isdecimal() else "", sign), text)


def described(job: Job, text: str) -> Job:
    """The job with what GitLab said about it, in the form of `read_waited`. Values that are missing there are kept."""
    details = dict(_KEYS.findall(f" {text}"))
    return Job(
        job.id,
        _harmless(job.what),
        job.drains,
        _harmless(details.get("name", job.name)),
        _harmless(details.get("project", job.project)),
        _harmless(details.get("runner", job.runner)),
        moment(details.get("started", "")) or job.started_at,
    )


def _harmless(text: str) -> str:
    """The text without control characters. Anybody who may start a job chooses its name, which must not control a
    terminal.
    """
    return text if text.isprintable() else "".join(letter for letter in text if letter.isprintable())


def age_text(seconds: float) -> str:
    """`40 s`, `12 min`, `2 h 5 min`, `3 d 2 h`."""
    minutes = int(max(0.0, seconds) // 60)
    if minutes < 2:
        return f"{max(0.0, seconds):.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes // 60 % 24} h"


def count_text(count: int) -> str:
    """`1 job`, `2 jobs`."""
    return "1 job" if count == 1 else f"{count} jobs"


def job_text(job: Job, now: float) -> str:
    """`job 4711 build of team/app on runner-1, 12 min`, as far as known. `now`: epoch seconds by the clock of the job's
    host.
    """
    words = [f"job {job.id}" if job.id else job.what, job.name]
    words += [f"of {job.project}" if job.project else "", f"on {job.runner}" if job.runner else ""]
    age = f", {age_text(now - job.started_at)}" if job.started_at else ""
    return " ".join(filter(None, words)) + age


def brief_text(job: Job, now: float) -> str:
    """`4711 build 12 min`, for little space."""
    age = age_text(now - job.started_at) if job.started_at else ""
    return " ".join(filter(None, (job.id or job.what, job.name, age)))


def number_text(job: Job, now: float) -> str:
    """`4711 12 min`, for even less space."""
    return brief_text(replace(job, name=""), now)


def waited_text(waited: Waited, now: float, room: int = 0) -> str:
    """`2 jobs: job 4711 build of team/app on runner-1, 12 min; …`, shortened if that exceeds `room` columns (0: no
    limit).
    """
    count = count_text(waited.count)
    if not waited.jobs:
        return count
    unnamed = waited.count - len(waited.jobs)
    for text in (job_text, brief_text, number_text):
        words = [*(text(job, now) for job in waited.jobs), *([f"{unnamed} more"] if unnamed > 0 else [])]
        line = f"{count}: {'; '.join(words)}"
        if not room or len(line) <= room:
            break
    return line


def in_words(text: str, now: float, room: int = 0) -> str:
    """The output of a drain in a form for people; any other text is not changed."""
    if waited := read_waited(text):
        return waited_text(waited, now, room)
    return job_text(read_job(text), now) if _KEYS.search(text) and text.startswith("job ") else text


def moment(text: str) -> float:
    """Converts an ISO 8601 time to epoch seconds, as UTC if it has no zone; 0 if it is not a time."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return 0.0
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
