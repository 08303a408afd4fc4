"""What was checked and found, made ready for reports: paths from the root, fingerprints, nothing secret. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from runnerops.frozen import frozen
from runnerops.model.common import Key, SourceLocation, key_text
from runnerops.model.plan import Finding
from runnerops.redact import Redactor


@frozen
class Entry:
    """A finding in a report.

    `file` is relative to the repository's root, `subject` the managed file's path and key as people write them.
    `fingerprint` is of the rule, the file and the key, not of the line or the message: it outlives edits around it.
    """

    rule: str
    severity: str
    file: str
    line: int
    column: int
    subject: str
    message: str
    fix: str
    fingerprint: str
    ignored: str = ""

    @property
    def text(self) -> str:
        """All that there is to say, in one line."""
        return f"{self.subject}: {self.message}" if self.subject else self.message


@frozen
class Findings:
    """`sound` are the hosts or files that nothing fails for; `strict`: warnings fail too."""

    sound: tuple[str, ...]
    entries: tuple[Entry, ...]
    strict: bool = False

    def fails(self, entry: Entry) -> bool:
        """Whether the finding makes `check` end with 1."""
        return entry.severity == "error" or (self.strict and entry.severity == "warning")


def entries(
    found: Iterable[Finding],
    redactor: Redactor,
    relative: Callable[[str], str],
    keys: Mapping[SourceLocation, Key],
    default: str,
) -> tuple[Entry, ...]:
    """`keys` has the keys of the inventory by place: they tell hosts apart that have the same file. `default` names the
    file of a finding without a place."""

    def shown(text: str) -> str:
        return readable(redactor.text(text))

    counts: Counter[tuple[str, ...]] = Counter()
    made: list[Entry] = []
    for finding in found:
        place = finding.location or SourceLocation(default, 1, 1)
        file = shown(relative(place.file))
        subject = shown(_subject(finding, place))
        identity = (finding.rule, file, subject, key_text(keys.get(place, ())))
        counts[identity] += 1
        made.append(
            Entry(
                rule=finding.rule,
                severity=finding.severity,
                file=file,
                line=max(place.line, 1),
                column=max(place.column, 1),
                subject=subject,
                message=shown(finding.message),
                fix=shown(finding.fix),
                ignored=shown(finding.ignored),
                fingerprint=_fingerprint((*identity, str(counts[identity]))),
            )
        )
    return tuple(made)


def readable(text: str) -> str:
    """Without what UTF-8 has no place for: a file's name may be of any bytes."""
    return text.encode("utf-8", "replace").decode()


def _subject(finding: Finding, place: SourceLocation) -> str:
    """The managed file is left out where it is the very file that the place names."""
    path = "" if finding.path in {place.file, "-"} else finding.path
    return ": ".join(filter(None, (path, key_text(finding.key))))


def _fingerprint(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
