"""What a deploy that was cut off may have left in GitLab, for a command that asks nobody there. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.host_state import HostState
from runnerops.report.paused import again


def begun_texts(host: str, observed: HostState) -> Iterator[str]:
    """A sentence for each place where a run that is not going on any more was to have runners created."""
    if observed.last and observed.last.running:
        return
    for place in dict.fromkeys(f"{one.place} at {one.url}" for one in observed.begun):
        yield (
            f"a deploy began to create runners in GitLab ({place}) and did not end there:"
            f" {again(host, observed.last)} deletes what it left"
        )
