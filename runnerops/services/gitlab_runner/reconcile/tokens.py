"""Which token a runner gets: the inventory's, or the host's, which the runner replaces when it expires. Pure.

This follows from three values: what the inventory gives now, what it gave at the last deploy (a fingerprint on the
host), and what the host has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum

from runnerops.model.common import Tree
from runnerops.model.host_state import HostState, SecretFingerprints, fingerprint
from runnerops.model.inventory import RenderedFile
from runnerops.model.plan import Blocker
from runnerops.services.base import ParseError
from runnerops.services.gitlab_runner.diff.matching import match, normal_url
from runnerops.services.gitlab_runner.format import config_path, label, parse, runners_of


class Whose(Enum):
    """Whose token a runner gets, and why."""

    SAME = "both are one"
    KEPT = "none is given: the host's"
    ROTATED = "the one given was given before, so the host's is newer"
    NEW = "the one given is new, and the host's the one of before"
    FIRST = "the host has none"
    EMPTIED = "an empty one is given, and the host has one"
    NOBODY = "none is given, and the host has none"
    UNKNOWN = "another is on the host, and nobody can tell which is newer"

    @property
    def host(self) -> bool:
        """Whether the host's token stays, with its id and dates."""
        return self in {Whose.SAME, Whose.KEPT, Whose.ROTATED}


def whose(runner: Tree, partner: Tree | None, recorded: str, fingerprints: SecretFingerprints) -> Whose:
    """Decides for a desired runner, with its partner on the host and the fingerprint of what was given for it."""
    own_token, host_token = _token(runner), _token(partner or {})
    if not own_token:
        if host_token:
            return Whose.EMPTIED if "token" in runner else Whose.KEPT
        return Whose.SAME if "token" in runner and partner else Whose.NOBODY
    if not host_token:
        return Whose.FIRST
    if own_token == host_token:
        return Whose.SAME
    if fingerprints.key and recorded == fingerprint(fingerprints.key, own_token):
        return Whose.ROTATED
    return Whose.NEW if fingerprints.key and recorded == fingerprint(fingerprints.key, host_token) else Whose.UNKNOWN


def stop_of(token_owner: Whose, name: str) -> Iterator[Blocker]:
    """What blocks a deploy in this case."""
    if token_owner is Whose.NOBODY:
        message = f"runner {name} has no token, neither in the inventory nor on the host"
        fix = (
            "create it in GitLab and give its token (token: !env NAME), let the deploy create it (gitlab: {group: 42}), or"
            " write `was: OLDNAME` if it was renamed"
        )
        yield Blocker("no-token", f"{message}: {fix}", details=(name,))
    elif token_owner is Whose.EMPTIED:
        message = f"runner {name}: its token is empty in the inventory, so the one on the host would be lost"
        yield Blocker("empty-token", f"{message}; leave `token` out to keep it", details=(name,))
    elif token_owner is Whose.UNKNOWN:
        message = f"runner {name}: the host has another token, which would be lost"
        yield Blocker("replace-token", f"{message}; leave `token` out to keep it", details=(name,))


def names_of(runners: Sequence[Tree]) -> tuple[str, ...]:
    """For each runner the name under which its fingerprint is kept. Runners with equal names are told apart by their
    order.
    """
    names: list[str] = []
    for runner in runners:
        name = f"{runner.get('name') or ''} {normal_url(runner.get('url')) or ''}"
        count = sum(earlier == name or earlier.startswith(f"{name} #") for earlier in names)
        names.append(f"{name} #{count + 1}" if count else name)
    return tuple(names)


def replaceable_secrets(rendered: Sequence[RenderedFile]) -> Mapping[str, str]:
    """The tokens that the inventory gives."""
    by_name: dict[str, str] = {}
    for file in rendered:
        runners = runners_of(parse(file.content or b""))
        by_name |= {
            name: _token(table) for name, table in zip(names_of(runners), runners, strict=True) if _token(table)
        }
    return by_name


def replaced(rendered: Sequence[RenderedFile], observed: HostState) -> Iterator[str]:
    """Notes on tokens that the runner replaced, because the inventory's is an old one that a deploy does not use."""
    for file in rendered:
        runners = runners_of(parse(file.content or b""))
        try:
            present = runners_of(parse(observed.file(config_path(observed)).content or b""))
        except ParseError:
            continue
        partners, names = match(present, runners), names_of(runners)
        for index, runner in enumerate(runners):
            partner = present[partners[index]] if index in partners else None
            if (
                whose(
                    runner,
                    partner,
                    observed.secret_fingerprints.fingerprints.get(names[index], ""),
                    observed.secret_fingerprints,
                )
                is Whose.ROTATED
            ):
                yield _rotated(label(runner, index), (partner or {}).get("token_obtained_at"))


def _rotated(name: str, when: object) -> str:
    date = f" on {when:%Y-%m-%d}" if isinstance(when, datetime) and when.year > 1 else ""
    return f"runner {name}: the runner replaced its token{date}; the host's token stays, because that of the inventory is older"


def _token(runner: Tree) -> str:
    return str(runner.get("token") or "")
