"""The chain that a pull goes through, from the daemon to the upstream: what `verify` asks of a host, and what it finds. Pure.

A service brings its links as a module of this Protocol. Each is asked about on its own, so every broken link is named,
not only the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from runnerops.model.answers import Answer, Answers
from runnerops.model.common import ServiceName
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host

_WORD = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:(?:docker\.io|index\.docker\.io)/)?(?P<name>{_WORD}(?:/{_WORD})*)(?::(?P<tag>\w[\w.-]{{0,127}}))?"
)
Call = tuple[str, ...]
"""A call of a shell function of the frame, and its arguments."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The image that is pulled, and a word of this host's trial alone, by which its requests are known in a cache's log."""

    image: str
    repository: str
    tag: str
    marker: str


IMAGE = "alpine:3"
"""What is pulled where nobody says what."""


def parse_image(text: str) -> tuple[str, str, str] | None:
    """Short name, repository and tag of an image of Docker Hub; None for any other: only the Hub's go through mirrors."""
    found = _IMAGE.fullmatch(text)
    if found is None or ("/" in found["name"] and re.search(r"[.:]|^localhost$", found["name"].partition("/")[0])):
        return None
    name, tag = found["name"].removeprefix("library/"), found["tag"] or "latest"
    return f"{name}:{tag}", name if "/" in name else f"library/{name}", tag


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found about one host. `told`: answers of `inquiries`; `tried`: of the trial, None where there was none;
    `traces`: per host whose cache this one uses, answers of `traces`, or why there are none; `hosts`: those by name.
    """

    observed: HostState
    probe: Probe
    told: Answers = field(default_factory=dict)
    tried: Answers | None = None
    log_queries: Mapping[str, Answers | str] = field(default_factory=dict)
    hosts: Mapping[str, Host] = field(default_factory=dict)
    quick: bool = False
    clones: Mapping[str, HostState] = field(default_factory=dict)
    """Other hosts of this verify that GitLab cannot tell from this one, where they have one token."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the way that a pull takes. `reason` says why it failed or was skipped (or adds to one that passed).

    `fix` is what to type.
    """

    name: str
    service: ServiceName
    what: str
    state: Literal["pass", "fail", "skip"] = "pass"
    reason: str = ""
    fix: str = ""


class VerifyProvider(Protocol):
    """A service's links."""

    VERIFY: str
    """Shell functions for `inquiries` and `traces`, beside the service's OBSERVE; they only read."""
    PULL_TEST: str
    """Shell functions for the trial, which change something and put it back."""

    def inquiries(self, host: Host, probe: Probe) -> Sequence[Call]:
        """What is asked of the host at once with its observation."""

    def pull_test(self, host: Host, evidence: Evidence) -> Call | None:
        """What is tried on the host once; None for nothing."""

    def log_queries(self, host: Host, probe: Probe, seconds: int) -> Sequence[Call]:
        """What is asked afterwards of a host on which caches run; `seconds`: how long ago the first trial began, at most."""

    def cache_hosts(self, host: Host, evidence: Evidence) -> Iterable[str]:
        """The hosts by name that can tell what became of this host's trial, or why their cache does not answer it."""

    def checks(self, host: Host, evidence: Evidence) -> Iterable[Check]:
        """The links, in the order in which a pull meets them."""


NO_ANSWER = Answer(127, b"")
