"""Removes caches from a host: files are restored as before the first run, and no cache runs. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.host_state import HostState
from runnerops.model.inventory import Policy
from runnerops.model.plan import Removal
from runnerops.services.base import RemovalRequest
from runnerops.services.registry.caches import directory
from runnerops.services.registry.format import COMPOSE_TEMPLATE, is_our_file, spec_at
from runnerops.services.removal import as_before, original_of


def remove(request: RemovalRequest) -> Removal | None:
    """Restores a file that was there before, but starts nothing from it."""
    observed = request.observed
    our_paths = sorted(path for path in request.paths if is_our_file(path))
    if not our_paths:
        return None
    composed = [path for path in our_paths if spec_at(path).template == COMPOSE_TEMPLATE]
    present = [path for path in composed if observed.file(path).content is not None]
    place = next(iter((*present, *composed)), "").rpartition("/")[0] or directory(request.host)
    desired = []
    for path in our_paths:
        original = original_of(path, request.originals, observed)
        content = original.content if original else None
        desired.append(as_before(spec_at(path), content, original, observed.file(path)))
    notes = tuple(_of_volumes(volumes(observed), request.policy))
    return Removal({"directory": place, "caches": []}, tuple(desired), notes=notes)


def volumes(observed: HostState) -> tuple[str, ...]:
    """The volumes that Compose made for our caches, whether these run or not."""
    return observed.facts.registry.volumes if observed.facts.registry else ()


def _of_volumes(names: tuple[str, ...], policy: Policy) -> Iterator[str]:
    for name in names:
        if policy.volumes:
            yield f"volume {name} is deleted with its content; no rollback can restore that"
        else:
            yield f"volume {name} stays with its content; --volumes, or `docker volume rm {name}` on the host, deletes it"
