"""A host's plan as names and digests, to save it and compare it with a later plan. Pure.

With a plain digest of a file, anybody with the saved plan could guess values of a secret, because the rest of the file
is known. So digests are made with a key that is created by the host's first run and that only root on the host can
read. For a host without a key, they are made from what `diff` shows, with all secrets masked alike.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from runnerops.frozen import frozen
from runnerops.model.common import Key, Value, key_text
from runnerops.model.gitlab import Creation, Setting, SettingsUpdate
from runnerops.model.host_state import Run
from runnerops.model.inventory import FileSpec, RenderedFile
from runnerops.model.plan import Blocker, Change, Plan
from runnerops.model.saved_plan import (
    SavedAction,
    SavedBlocker,
    SavedCreation,
    SavedFile,
    SavedHost,
    SavedKey,
    SavedRun,
    SavedUpdate,
)
from runnerops.model.steps import Step
from runnerops.redact import Masker, step_title
from runnerops.report.differ import masked_text, state_of
from runnerops.services import service_of
from runnerops.services.base import ParseError

PASSING = frozenset({"jobs-running"})
"""Blockers that come and go without a change. A deploy checks them again."""


@frozen
class Digests:
    """Makes digests with the host's key (hex digits), or from what is shown if it has none. `clear`: texts that may be
    shown.

    `shown` removes secrets from a text that is saved as it is.
    """

    key: str
    clear: frozenset[str]
    shown: Callable[[str], str]

    def value(self, spec: FileSpec, key: Key, value: Value) -> str:
        """The digest of one value at its place in a file; empty if there is no value."""
        if value is None:
            return ""
        if not self.key:
            value = Masker(clear=self.clear).value(service_of(spec.service), key, value)
        place = [spec.path, key_text(key)]  # equal values at two places must have different digests
        return self._of(json.dumps([*place, value], sort_keys=True, default=str).encode())

    def setting(self, update: SettingsUpdate, key: str, value: Setting) -> str:
        """The digest of a setting in GitLab; empty if there is none."""
        text = json.dumps(["gitlab", update.id, key, value])
        return "" if value is None else self._of((text if self.key else self.shown(text)).encode())

    def files(self, files: Iterable[RenderedFile]) -> str:
        """The digest of everything that the host shall have."""
        parts = [(file.spec.path, file.spec.mode, self._text(file)) for file in files]
        return self._of(json.dumps(sorted(parts)).encode())

    def _text(self, file: RenderedFile) -> str:
        if self.key:
            return "" if file.content is None else self._of(file.content)
        try:
            return masked_text(file.spec, file.content, Masker(clear=self.clear))
        except ParseError:  # a finding reports it, and the file is not deployed
            return ""

    def _of(self, content: bytes) -> str:
        if not self.key:
            return hashlib.sha256(content).hexdigest()
        derived_key = hmac.new(bytes.fromhex(self.key), b"saved plan", hashlib.sha256).digest()
        return hmac.new(derived_key, content, hashlib.sha256).hexdigest()


def saved_host(
    plan: Plan, rendered: Sequence[RenderedFile], machine: str, last: Run | None, digests: Digests
) -> SavedHost:
    """`machine` is the host's machine-id. It is long and random, so its digest reveals nothing."""
    shown = digests.shown
    return SavedHost(
        host=plan.host,
        machine=hashlib.sha256(f"runnerops plan {machine}".encode()).hexdigest() if machine else "",
        keyed=bool(digests.key),
        rendered=digests.files(rendered),
        last_run=SavedRun(last.number, "" if last.running else last.result or "cut off") if last else SavedRun(),
        files=tuple(_file(change, digests) for change in plan.changes),
        actions=tuple(
            SavedAction(
                action.service.value,
                action.verb.name.lower(),
                action.shown,
                tuple(map(shown, action.because)),
                tuple(map(shown, action.names)),
            )
            for action in plan.actions
        ),
        blockers=tuple(_blockers(plan.blockers, shown)),
        overridden=tuple(_blockers(plan.overridden, shown)),
        forward=tuple(_steps(plan.forward, shown)),
        rollback=tuple(_steps(plan.rollback, shown)),
        updates=tuple(_update(update, digests) for update in plan.updates),
        creations=tuple(_creation(creation, digests) for creation in plan.unpaired.creations),
        leftovers=tuple(leftover.id for leftover in plan.unpaired.leftovers),
        deletions=tuple(deletion.id for deletion in plan.unpaired.deletions),
    )


def _file(change: Change, digests: Digests) -> SavedFile:
    spec = change.new.spec
    keys = (
        SavedKey(
            digests.shown(key_text(key_change.key)),
            key_change.origin,
            digests.value(spec, key_change.key, key_change.old),
            digests.value(spec, key_change.key, key_change.new),
            digests.shown(key_change.name),
        )
        for key_change in change.key_changes
    )
    by = change.drift.by if change.drift else ""
    return SavedFile(change.old.path, state_of(change), change.origin, by, tuple(keys))


def _update(update: SettingsUpdate, digests: Digests) -> SavedUpdate:
    keys = (
        SavedKey(
            change.key,
            "",
            digests.setting(update, change.key, change.old),
            digests.setting(update, change.key, change.new),
        )
        for change in update.changes
    )
    return SavedUpdate(digests.shown(update.runner), update.id, tuple(keys))


def _creation(creation: Creation, digests: Digests) -> SavedCreation:
    nobody = SettingsUpdate(creation.runner, 0, ())  # it has no id yet
    keys = (SavedKey(key, "", "", digests.setting(nobody, key, value)) for key, value in creation.settings.items())
    return SavedCreation(digests.shown(creation.runner), digests.shown(str(creation.place)), tuple(keys))


def _blockers(blockers: Iterable[Blocker], shown: Callable[[str], str]) -> Iterator[SavedBlocker]:
    for blocker in blockers:
        if blocker.code not in PASSING and not blocker.only_here:
            yield SavedBlocker(blocker.code, tuple(map(shown, blocker.details)))


def _steps(steps: Iterable[Step], shown: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    for step in steps:
        yield step.verb, shown(step_title(step))
