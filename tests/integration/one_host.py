"""What the stand-ins for a host and its connections have in common, in tests of what a deploy does in GitLab."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Self, cast

from runnerops.model.inventory import Host
from runnerops.remote.links import FollowLink, HostLink
from runnerops.secrets.commands import run_command


class OneHost:
    """The connections to a single host, h, which is its own connection."""

    run_command = staticmethod(run_command)

    def link(self, host: Host) -> Self:
        assert host.name == "h"
        return self

    def reader(self, host: Host) -> Self:
        return self.link(host)

    def host_link(self, host: Host) -> HostLink:
        link = cast("Callable[[], FollowLink]", partial(self.link, host))
        return HostLink(link, link)
