"""The state of a host as one observation found it: files, facts, intents, runs, holds."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Literal

from runnerops.frozen import frozen
from runnerops.model.common import ABSENT, ENDS, Result, ServiceName, Sha, Verb
from runnerops.model.facts import Facts
from runnerops.model.gitlab import CreationRecord, Managed, PauseRecord
from runnerops.model.inventory import Requester


@frozen
class RemoteFile:
    """A path on a host. `content` is None unless it is a regular file. `mtime` is in epoch seconds."""

    path: str
    kind: Literal["absent", "file", "link", "directory", "other"] = "absent"
    content: bytes | None = None
    mode: str = ""
    owner: str = ""
    mtime: int = 0


@frozen
class Intent:
    """An action that a run began and did not verify. `invocation` is that of the unit at the time, or the id of a
    registry's container.
    """

    service: ServiceName
    verb: Verb
    run: int
    invocation: str


@frozen
class Run:
    """A run on the host. `result` is empty while it is under way and after it was cut off. `started_at` is in epoch
    seconds.

    `drained`: it failed while it waited for running jobs, before anything was swapped. `command`: as it was typed.
    """

    number: int
    requester: Requester
    digest: str
    result: str
    running: bool
    files: Mapping[str, Sha] = field(default_factory=dict)
    started_at: int = 0
    drained: bool = False
    command: str = "deploy"

    @property
    def outcome(self) -> Result:
        """The result of the run; unknown if it was cut off."""
        outcome = Result.IN_PROGRESS if self.running else ENDS.get(self.result, Result.UNKNOWN)
        return Result.FAILED if outcome is Result.ROLLED_BACK and self.drained else outcome


def latest(runs: Sequence[Run]) -> Run | None:
    """The run that is under way, or else the last one that got the lock. `runs` are in order."""
    running = (run for run in runs if run.running)
    with_lock = (run for run in reversed(runs) if run.result != "locked")
    return next(iter((*running, *with_lock, *reversed(runs))), None)


@frozen
class SecretFingerprints:
    """What the inventory gave for secrets that the managed system replaces, as keyed fingerprints that only tell
    *equal*.

    `fingerprints` are by the name of what each secret is for. They are made with `key` (random hex digits that the host
    keeps). Neither is ever shown.
    """

    key: str = field(default="", repr=False)
    fingerprints: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def display_key(self) -> bytes:
        """The key of fingerprints that are shown, which differ from those that a host keeps. Empty without a key."""
        return hmac.new(bytes.fromhex(self.key), b"shown", hashlib.sha256).digest() if self.key else b""


_DIGITS = 11
"""The digits of a time in epoch seconds, up to the year 5138. More digits are milliseconds, or not a time."""


@frozen
class Hold:
    """What keeps all runs off a host. `until` is in epoch seconds; 0: until it is released."""

    until: int
    by: str
    reason: str

    @classmethod
    def read(cls, text: str) -> Hold:
        """Reads `UNTIL USER@MACHINE REASON`, separated by TABs. If that fails, the whole text becomes the reason."""
        until, _, rest = text.partition("\t")
        by, _, reason = rest.partition("\t")
        is_number = until.isdecimal() and len(until) <= _DIGITS
        return cls(int(until), by, reason) if is_number and reason else cls(0, "", text)

    def ended(self, clock: int) -> bool:
        """Whether its time is over."""
        return 0 < self.until <= clock


@frozen
class HostState:
    """Everything that one observation found. `applied` has, by path, the sha that runnerops last wrote, or found equal
    in meaning.

    `staged` has every content that a kept run intended to write, finished or not: it counts as ours too.
    `secret_fingerprints` are those of the last run that recorded any. `base` has the contents of `applied`, as kept by
    run number `since`, the last that ended well. `versions` has what slow programs printed about their versions, with
    the fingerprint of each binary; runs record this. `last` is the run that is under way, or else the last one.
    `newest` is the highest number of all runs. `format` is the newest one in which a run was written (0: none). `hold`
    is a hold whose time, by the host's clock, is not over.
    """

    files: Mapping[str, RemoteFile] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    intents: tuple[Intent, ...] = ()
    last: Run | None = None
    applied: Mapping[str, Sha] = field(default_factory=dict)
    staged: Mapping[str, frozenset[Sha]] = field(default_factory=dict)
    base: Mapping[str, bytes] = field(default_factory=dict)
    since: int = 0
    since_of: Mapping[str, int] = field(default_factory=dict)
    """By path, the run that last looked at it itself; later ones only carried on what was recorded about it."""
    restored_by_removal: frozenset[str] = frozenset()
    """Paths that a removal left as they were before the first deploy. Their files are no longer ours."""
    secret_fingerprints: SecretFingerprints = SecretFingerprints()
    versions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    format: int = 0
    hold: Hold | None = None
    newest: int = 0
    in_gitlab: Managed = field(default_factory=dict)
    """What the last run that ended well recorded as managed in GitLab, whether the host still has it or not."""
    paused: tuple[PauseRecord, ...] = ()
    """Runners that runs have paused in GitLab, and that nobody has unpaused since."""
    begun: tuple[CreationRecord, ...] = ()
    """Where deploys began to create runners in GitLab and, as far as is known, did not finish."""

    @property
    def next_run(self) -> int:
        """The number of the next run."""
        return max(self.newest, self.last.number if self.last else 0) + 1

    def file(self, path: str) -> RemoteFile:
        """The file at `path`; absent if none was observed."""
        return self.files.get(path) or RemoteFile(path)

    def holds_ours(self, path: str) -> bool:
        """Whether a run of ours wrote the file at `path` for good, and has not given it back."""
        return self.applied.get(path, ABSENT) != ABSENT and path not in self.restored_by_removal

    def intent_for(self, service: ServiceName) -> Intent | None:
        """The record of an unfinished action of `service`, if any."""
        return next((intent for intent in self.intents if intent.service is service), None)


def sha256(content: bytes | None) -> Sha:
    """The `Sha` of a file's content. None stands for a file that does not exist."""
    return ABSENT if content is None else hashlib.sha256(content).hexdigest()


def fingerprint(key: str, secret: str) -> str:
    """A fingerprint made with a host's key (hex digits). It is equal for equal secrets, and reveals nothing else."""
    return hmac.new(bytes.fromhex(key), secret.encode(), hashlib.sha256).hexdigest()
