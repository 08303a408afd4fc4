"""Removes a runner from a host: its config.toml from before the first run, with tokens that were replaced
since. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runnerops.model.common import Tree
from runnerops.model.inventory import FileSpec
from runnerops.model.plan import Blocker, Removal
from runnerops.services.base import RemovalRequest
from runnerops.services.gitlab_runner.diff.matching import match
from runnerops.services.gitlab_runner.format import NAME, config_path, label, read, runners_of
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from runnerops.services.gitlab_runner.reconcile.leaving import leaving_runners
from runnerops.services.gitlab_runner.rotation import rotated, with_rotated
from runnerops.services.gitlab_runner.schema import HOST_OWNED
from runnerops.services.removal import as_before, original_of


def remove(request: RemovalRequest) -> Removal | None:
    """If there was no file, it is removed. Without an original the file stays, and only the runner stops."""
    host, observed = request.host, request.observed
    path = config_path(observed)
    if path not in request.paths:
        return None
    file, original = observed.file(path), original_of(path, request.originals, observed)
    stays = (
        f"gitlab-runner stays installed, stopped and disabled (systemctl enable --now {NAME.value.replace('_', '-')})"
    )
    if original is None:
        unknown = f"the content of {path} from before the first run is not kept: the file stays as it is"
        return Removal(read(file.content), notes=(unknown, stays))
    first, tree = read(original.content), read(file.content)
    current = runners_of(with_rotated(tree, rotated(observed)))
    with_own = _with_own(first, runners_of(tree), current)
    content = original.content if with_own == first else to_toml(with_own).encode()
    removed = _later_runners(current, runners_of(with_own))
    blockers = tuple(_lost(removed, runners_of(host.sections.get(NAME, {}))))
    spec = FileSpec(NAME, path, "config.toml.j2", "toml", mode="0600")
    desired = (as_before(spec, content, original, file),)
    reported_tokens = {
        runner.token for runner in leaving_runners(host, desired, observed)
    }  # each of these is reported separately
    stay = [name for name, table in removed if table["token"] not in reported_tokens]
    registered = (
        [f"still registered in GitLab: {', '.join(stay)}; delete them there, or leave them offline"] if stay else []
    )
    return Removal(with_own, desired, blockers, (*registered, stays))


def _with_own(first: Tree, present: Sequence[Tree], current: Sequence[Tree]) -> Tree:
    """Gives each earlier runner the token, the id and the dates that it has now (`present`, including tokens that GitLab
    replaced).
    """
    runners = runners_of(first)
    partners = match(present, runners)
    restored = [
        {**runner, **{key: current[partners[index]][key] for key in HOST_OWNED if key in current[partners[index]]}}
        if index in partners and current[partners[index]].get("token") != runner.get("token")
        else runner
        for index, runner in enumerate(runners)
    ]
    return first if restored == runners else {**first, "runners": [*restored]}


def _later_runners(current: Sequence[Tree], kept_runners: Sequence[Tree]) -> list[tuple[str, Tree]]:
    """Registered runners that are not in the earlier file, with their names for people."""
    partners = set(match(current, kept_runners).values())
    return [(label(table, at), table) for at, table in enumerate(current) if at not in partners and table.get("token")]


def _lost(removed: Sequence[tuple[str, Tree]], written: Sequence[Tree]) -> Iterator[Blocker]:
    """Runners whose token exists only on the host."""
    with_token = [table for table in written if table.get("token")]
    partners = set(
        match([runner for _, runner in removed], [{**runner, "token": None} for runner in with_token]).values()
    )
    names = tuple(name for index, (name, _) in enumerate(removed) if index not in partners)
    if names:
        message = f"the tokens of {', '.join(names)} are not in the inventory, and would be lost"
        yield Blocker("drop-runner", message, details=names)
