"""What is deployed: a host with everything, of which one deploy changes one value. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.lab.host import LabHost
from tests.lab.hub import Hub
from tests.lab.project import TOKEN, cache_section, host_entry, runner_section

Values = Mapping[str, int]
FIRST: Values = dict.fromkeys(("insecure", "max-size", "header", "password", "concurrent", "listen"), 10)
"""A number for each value that a scenario changes."""

PASSWORD = "hub-password-"
SECRETS = (TOKEN, PASSWORD)
"""What must never lie where everybody may read."""

ALL = ("docker", "registry", "gitlab_runner")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One deploy: only these services are in the inventory, only these values change. `fresh`: on an untouched host.

    `command`: `deploy`, or the removal of all. `foreign`: somebody else's container has the place of the cache. `brief`: a kind
    of step that no other scenario has meets one fault, not all of them.
    """

    name: str
    services: tuple[str, ...]
    changes: tuple[str, ...]
    fresh: bool = False
    command: str = "deploy"
    foreign: bool = False
    brief: bool = False

    def next(self, values: Values) -> Values:
        """The values that the deploy asks for on a host that has `values`."""
        return {name: number + (name in self.changes) for name, number in values.items()}


WHOLE = (
    Scenario("all, docker restarts", ALL, ("max-size", "header", "concurrent")),
    Scenario("all, docker reloads", ALL, ("insecure", "header", "concurrent")),
)
"""Every kind of step in their plans must have its cases."""

SCENARIOS = (
    Scenario("docker reloads", ("docker",), ("insecure",)),
    Scenario("docker restarts", ("docker",), ("max-size",)),
    Scenario("docker restarts under the caches", ("docker", "registry"), ("max-size", "header")),
    Scenario("registry up", ("registry",), ("header",)),
    Scenario("registry recreated", ("registry",), ("password",)),
    Scenario("runner reloads", ("gitlab_runner",), ("concurrent",)),
    Scenario("runner restarts", ("gitlab_runner",), ("listen",)),
    Scenario("first deploy", ALL, (), fresh=True),
    Scenario("first deploy of the runner", ("gitlab_runner",), (), fresh=True),
    Scenario("a container's place is taken", ("registry",), (), fresh=True, foreign=True, brief=True),
    Scenario("all is removed", ALL, (), command="remove", brief=True),
)

FOREIGN = "by-hand"
VOLUME = "runnerops-dockerhub"
START_FOREIGN = (
    f"docker run -d --name {FOREIGN} --restart always -p 172.17.0.1:5000:5000 -v {VOLUME}:/var/lib/registry "
    "-e REGISTRY_PROXY_REMOTEURL={hub} {image}"
)
"""Somebody's own cache, over the volume that ours has."""


def entry(host: LabHost, hub: Hub, values: Values, services: tuple[str, ...], user: str) -> dict[str, Any]:
    """The host's entry in the inventory.

    `insecure-registries` sticks when it is only taken out of the file; the header shows in the cache's answers; no
    label tells a changed password, so that container is made anew by force; a runner opens its page only at its start.
    """
    sections = {
        "docker": {
            "live-restore": True,
            "registry-mirrors": ["http://172.17.0.1:5000"],
            "insecure-registries": [f"10.9.9.{values['insecure']}:5000"],
            "log-opts": {"max-size": f"{values['max-size']}m"},
        },
        "registry": cache_section(
            host,
            hub,
            username="acme",
            password=f"{PASSWORD}{values['password']}",
            config={"http": {"headers": {"X-Number": [str(values["header"])]}}},
        ),
        "gitlab_runner": runner_section(
            concurrent=values["concurrent"], listen_address=f"127.0.0.1:{9252 + values['listen']}"
        ),
    }
    return host_entry(host, ssh={"user": user}, **{name: sections[name] for name in services})
