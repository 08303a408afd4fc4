"""The order in which a deploy will go over its hosts, as a sentence. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from runnerops.model.rollout import Rollout
from runnerops.parsing.moments import to_the_second


def rollout_text(
    rollout: Rollout,
    disturbed: Sequence[str],
    ready: Sequence[str],
    in_sync: Collection[str] = (),
    no_canary: str = "",
) -> str:
    """Empty if only one host is to change. `disturbed` are those of `ready` whose jobs notice. `no_canary`: why the
    canary does not take part, if it does not.
    """
    gate = rollout.canary if rollout.health and rollout.canary in in_sync and ready else ""
    if len(ready) < 2 and not gate:
        return ""
    first = rollout.canary if rollout.canary in ready else ""
    followers = [name for name in disturbed if name not in {first, rollout.last}]
    at_once = rollout.at_once(len(disturbed))
    parts = [f"without the canary {rollout.canary}, which is {no_canary}"] if no_canary else []
    parts += [f"{first} first"] if first else []
    parts += [f"{gate} first, which is in sync and must pass verify"] if gate else []
    if len(followers) > at_once:
        parts.append(
            f"{'then ' if first or gate else ''}{len(followers)} hosts that restart something, {at_once} at a time"
        )
    parts += [f"{rollout.last} last"] if rollout.last in ready else []
    if not parts:
        return ""
    if rollout.pause_s:
        parts.append(f"a pause of {_time(rollout.pause_s)} after each")
    if rollout.health:
        parts.append("each changed host must pass verify before the next batch begins")
    most = rollout.max_failures
    parts.append(f"the rollout stops after {most} failures" if most > 1 else "the rollout stops after one failure")
    return f"order: {'; '.join(parts)}"


def pause_text(seconds: int, count: int, now: float) -> str:
    """Says that a pause begins, until when, and how many hosts follow it."""
    hosts = "1 host is" if count == 1 else f"{count} hosts are"
    return f"a pause of {_time(seconds)} until {to_the_second(now + seconds)}; {hosts} to be changed after it"


def _time(seconds: int) -> str:
    return f"{seconds // 60} min" if seconds >= 60 and seconds % 60 == 0 else f"{seconds} s"
