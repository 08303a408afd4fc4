"""What is needed to open connections: known host keys, credentials, the environment, and the hosts that can be
gateways.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from runnerops.frozen import frozen
from runnerops.model.inventory import Host
from runnerops.ssh.gateways import Gateways
from runnerops.ssh.hostkeys import KnownHosts
from runnerops.ssh.keys import Credentials

if TYPE_CHECKING:
    from runnerops.ssh.settings import Settings


@frozen
class Access:
    """What all hops of a route share. ssh_config and the key files are found through `environ`, which also tells a CI
    job.

    `peers` are the hosts that `ssh.gateway` may name, by name. `gateways` are the connections to gateways that hosts
    share; with None, each host opens its own. `say` shows a person what is being waited for.
    """

    known_hosts: KnownHosts
    credentials: Credentials
    environ: Mapping[str, str] = field(repr=False)
    peers: Mapping[str, Host] = field(default_factory=dict)
    gateways: Gateways | None = field(default=None, repr=False)
    say: Callable[[str], None] = field(default=lambda _: None, repr=False)
    _reading: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    _settings: list[Settings] = field(default_factory=list, repr=False, compare=False)
    """A copy made with `replace` shares both, so that it warns of nothing twice."""

    def settings(self) -> Settings:
        """The contents of ssh_config, read once for all hosts. Raises SSHException."""
        from runnerops.ssh.config import read_settings  # noqa: PLC0415  imports paramiko

        with self._reading:
            if not self._settings:
                self._settings.append(read_settings(self.environ, lambda text: self.say(f"warning: {text}")))
        return self._settings[0]
