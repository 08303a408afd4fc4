"""What `verify` asks of a host, and what it finds: the checks on the way of a pull, from the daemon to the upstream.
Pure.

A service's checks are a module with the methods of `VerifyProvider`. Each check is made separately, so everything that
is broken is reported, not only the first problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Literal, Protocol

from runnerops.frozen import frozen
from runnerops.model.answers import Answer, Answers
from runnerops.model.common import ServiceName
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.patterns import late_pattern

_WORD = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = late_pattern(
    rf"(?:(?:docker\.io|index\.docker\.io)/)?(?P<name>{_WORD}(?:/{_WORD})*)(?::(?P<tag>\w[\w.-]{{0,127}}))?"
)
Call = tuple[str, ...]
"""A call of a shell function of the frame, and its arguments."""


@frozen
class Probe:
    """The image that is pulled. A cache's log shows this host's requests by `marker`, a word that only its
    pull sends.
    """

    image: str
    repository: str
    tag: str
    marker: str


IMAGE = "alpine:3"
"""The image that is pulled unless `--image` names another."""


def parse_image(text: str) -> tuple[str, str, str] | None:
    """Short name, repository and tag of an image of Docker Hub; None for any other: only the Hub's go
    through mirrors.
    """
    match = _IMAGE.fullmatch(text)
    if match is None or ("/" in match["name"] and re.search(r"[.:]|^localhost$", match["name"].partition("/")[0])):
        return None
    name, tag = match["name"].removeprefix("library/"), match["tag"] or "latest"
    return f"{name}:{tag}", name if "/" in name else f"library/{name}", tag


@frozen
class Evidence:
    """What was found about one host. `answers` has the answers to `inquiries`, `pull_answers` those of the pull test
    (None: not made).

    `log_queries` has, for each host whose cache this one uses, the answers to `log_queries` there, or why there are none;
    `hosts` are those hosts by name.
    """

    observed: HostState
    probe: Probe
    answers: Answers = field(default_factory=dict)
    pull_answers: Answers | None = None
    log_queries: Mapping[str, Answers | str] = field(default_factory=dict)
    hosts: Mapping[str, Host] = field(default_factory=dict)
    quick: bool = False
    clones: Mapping[str, HostState] = field(default_factory=dict)
    """Other hosts of this verify that GitLab cannot tell from this one, where they have one token."""


@frozen
class Check:
    """One check of `verify`. `reason` says why it failed or was skipped, or adds to one that passed; `fix`
    is what to type.
    """

    name: str
    service: ServiceName
    what: str
    state: Literal["pass", "fail", "skip"] = "pass"
    reason: str = ""
    fix: str = ""


class VerifyProvider(Protocol):
    """A service's part of `verify`; its `verify` is one."""

    VERIFY: str
    """Shell functions for `inquiries` and `log_queries`, beside the service's OBSERVE; they only read."""
    PULL_TEST: str
    """Shell functions for the pull test, which change something and put it back."""

    def inquiries(self, host: Host, probe: Probe) -> Sequence[Call]:
        """What is asked of the host at once with its observation."""

    def pull_test(self, host: Host, evidence: Evidence) -> Call | None:
        """The call that makes the pull test on the host, once; None where there is nothing to try."""

    def log_queries(self, host: Host, probe: Probe, seconds: int) -> Sequence[Call]:
        """What is asked afterwards of a host with caches. `seconds`: how long ago, at most, the first
        pull test began.
        """

    def cache_hosts(self, host: Host, evidence: Evidence) -> Iterable[str]:
        """Names of the hosts that can tell what their cache saw of this host's pull, or why it does not
        answer this host.
        """

    def checks(self, host: Host, evidence: Evidence) -> Iterable[Check]:
        """The checks, in the order in which a pull meets what they are about."""


NO_ANSWER = Answer(127, b"")
