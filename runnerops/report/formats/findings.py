"""What was checked and found, prepared for reports: relative paths, fingerprints, no secrets. Pure."""

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

    `file` is relative to the repository's root. `subject` is the path of the managed file and the key. `fingerprint`
    depends on the rule, the file and the key, but not on the line or the message, so that edits nearby do not change
    it.
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
        """The whole finding on one line."""
        return f"{self.subject}: {self.message}" if self.subject else self.message


@frozen
class Findings:
    """`sound` are the hosts or files for which nothing fails. `strict`: warnings fail too."""

    sound: tuple[str, ...]
    entries: tuple[Entry, ...]
    strict: bool = False

    def fails(self, entry: Entry) -> bool:
        """Whether the finding makes `check` exit with 1."""
        return entry.severity == "error" or (self.strict and entry.severity == "warning")


def entries(
    findings: Iterable[Finding],
    redactor: Redactor,
    relative: Callable[[str], str],
    keys: Mapping[SourceLocation, Key],
    default: str,
) -> tuple[Entry, ...]:
    """`keys` has the keys of the inventory by place, which distinguish hosts with the same file. `default` is the file
    of a finding without a place.
    """

    def shown(text: str) -> str:
        return readable(redactor.text(text))

    counts: Counter[tuple[str, ...]] = Counter()
    made: list[Entry] = []
    for finding in findings:
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
    """Removes what UTF-8 cannot encode, because the name of a file may consist of any bytes."""
    return text.encode("utf-8", "replace").decode()


def _subject(finding: Finding, place: SourceLocation) -> str:
    """The managed file is left out if it is the file that the place names."""
    path = "" if finding.path in {place.file, "-"} else finding.path
    return ": ".join(filter(None, (path, key_text(finding.key))))


def _fingerprint(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
