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
from runnerops.model.gitlab import Begun, Managed, PauseRecord
from runnerops.model.inventory import Requester


@frozen
class RemoteFile:
    """A path on a host as `observe` saw it. `content` is None unless it is a regular file; `mtime` is in epoch seconds."""

    path: str
    kind: Literal["absent", "file", "link", "directory", "other"] = "absent"
    content: bytes | None = None
    mode: str = ""
    owner: str = ""
    mtime: int = 0


@frozen
class Intent:
    """An action that a run began and did not verify. `invocation` was its unit's then, or the id of a registry's container."""

    service: ServiceName
    verb: Verb
    run: int
    invocation: str


@frozen
class Run:
    """A run on the host. `result` is empty while it is alive and after it was cut off; `started_at` is in epoch seconds.

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
        """What became of it; unknown where it was cut off."""
        found = Result.IN_PROGRESS if self.running else ENDS.get(self.result, Result.UNKNOWN)
        return Result.FAILED if found is Result.ROLLED_BACK and self.drained else found


def latest(runs: Sequence[Run]) -> Run | None:
    """Of runs in their order the one that goes on, else the last that had the host; one that met a lock never had it."""
    running = (run for run in runs if run.running)
    had = (run for run in reversed(runs) if run.result != "locked")
    return next(iter((*running, *had, *reversed(runs))), None)


@frozen
class SecretFingerprints:
    """What the inventory gave of secrets that the host's own system replaces, as keyed fingerprints that only tell *equal*.

    `fingerprints` has them by the name of what each is for. They are made under `key` (hex digits, random, kept by the
    host). Neither is ever shown.
    """

    key: str = field(default="", repr=False)
    fingerprints: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def display_key(self) -> bytes:
        """The key of fingerprints that are shown, which differ from those that a host keeps. Empty without a key."""
        return hmac.new(bytes.fromhex(self.key), b"shown", hashlib.sha256).digest() if self.key else b""


_DIGITS = 11
"""The digits of a time in epoch seconds, up to the year 5138; more digits are milliseconds, or no time at all."""


@frozen
class Hold:
    """What keeps every run off a host. `until` is in epoch seconds; 0: until it is released."""

    until: int
    by: str
    reason: str

    @classmethod
    def read(cls, text: str) -> Hold:
        """`UNTIL USER@MACHINE REASON`, between TABs; of one that cannot be read its text is the reason."""
        until, _, rest = text.partition("\t")
        by, _, reason = rest.partition("\t")
        known = until.isdecimal() and len(until) <= _DIGITS
        return cls(int(until), by, reason) if known and reason else cls(0, "", text)

    def ended(self, clock: int) -> bool:
        """Whether its time is over."""
        return 0 < self.until <= clock


@frozen
class HostState:
    """All that one observation gave. `applied` has the sha that runnerops last put, or found equal in meaning, at each path.

    `staged` has every content that a kept run meant to put there, whether that run ended or not: it is ours too.
    `secret_fingerprints` is what the last run that gave any secret of that kind recorded.
    `base` has the contents of `applied`, as run number `since`, the last that ended well, kept them.
    `versions` has what slow programs said of themselves, each with its binary's fingerprint: a run remembers it there.
    `last` is the run that has the host, or had it last; `newest` the highest number of all.
    `format` is the newest in which a run was written there (0: none).
    `hold` is one whose time is not over by the host's clock.
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
    """The run that last looked at a path itself, where a later one only carried on what was recorded of it."""
    given_back: frozenset[str] = frozenset()
    """Paths that a removal left as they were before the first deploy: what is there is not ours any more."""
    secret_fingerprints: SecretFingerprints = SecretFingerprints()
    versions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    format: int = 0
    hold: Hold | None = None
    newest: int = 0
    in_gitlab: Managed = field(default_factory=dict)
    """What the last run that ended well had on record as managed in GitLab, be it on the host still or not."""
    paused: tuple[PauseRecord, ...] = ()
    """Runners that runs had paused in GitLab and that nobody has unpaused since."""
    begun: tuple[Begun, ...] = ()
    """Where deploys began to create runners in GitLab and did not end, as far as is known."""

    @property
    def next_run(self) -> int:
        """The number that a run would get."""
        return max(self.newest, self.last.number if self.last else 0) + 1

    def file(self, path: str) -> RemoteFile:
        """The file at `path`; absent where nothing was observed there."""
        return self.files.get(path) or RemoteFile(path)

    def holds_ours(self, path: str) -> bool:
        """Whether what a run of ours brought to `path` is, or was, to stay there."""
        return self.applied.get(path, ABSENT) != ABSENT and path not in self.given_back

    def intent_for(self, service: ServiceName) -> Intent | None:
        """What is on record as unfinished for `service`."""
        return next((intent for intent in self.intents if intent.service is service), None)


def sha256(content: bytes | None) -> Sha:
    """The `Sha` of a file's content; None is a file that does not exist."""
    return ABSENT if content is None else hashlib.sha256(content).hexdigest()


def fingerprint(key: str, secret: str) -> str:
    """Under a host's own key (hex digits): equal for equal secrets, and tells nothing else."""
    return hmac.new(bytes.fromhex(key), secret.encode(), hashlib.sha256).hexdigest()
