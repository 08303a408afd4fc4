"""Who made each difference, in words: you, somebody on the host, both, or unmanaged (not managed yet). Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.plan import Change, Drift
from runnerops.parsing.moments import in_utc


def cause_texts(change: Change, own_words: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Words, and the keys that they are about, in the order of the file. A rewriting without a change of meaning has no
    keys.
    """
    words = {
        "inventory": own_words,
        "host": drift_text(change.drift),
        "runner": drift_text(change.drift),
        "both": f"{own_words}, and {drift_text(change.drift)}",
        "unmanaged": "not managed yet",
    }
    keys: dict[str, list[str]] = {}
    for key_change in change.key_changes:
        labels = keys.setdefault(key_change.origin, [])
        if key_change.label not in labels:
            labels.append(key_change.label)
    yield from ((words[origin], tuple(labels)) for origin, labels in keys.items())
    if change.drift and change.drift.by == "runner" and not keys.keys() & {"host", "both", "runner"}:
        yield f"{drift_text(change.drift)}; its keys stay", ()


def drift_text(drift: Drift | None) -> str:
    """`edited on the host since run 41 (2026-11-24 14:02 UTC, by hand)`."""
    if drift is None:
        return "edited on the host"
    if not drift.at:
        return f"removed on the host since run {drift.run}"
    when = in_utc(drift.at)
    return f"edited on the host since run {drift.run} ({when}, by {'hand' if drift.by == 'hand' else 'the runner'})"
