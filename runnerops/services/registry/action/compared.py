"""What the container of a cache was made with, against what the Compose file asks for. Pure.

Compose recreates what it sees to differ, and does not see everything. What `up -d` does by itself, measured with 1.29.2, 2.26.1
and 2.40.3, and as the source of 5 has it (`pkg/compose/reconcile.go`):

| what differs                                      | 1.29        | 2.26        | 2.40            | 5               |
|---------------------------------------------------|-------------|-------------|-----------------|-----------------|
| a key of the service, another image of one name   | recreates   | recreates   | recreates       | recreates       |
| the content of a file that is mounted             | nothing     | nothing     | nothing         | nothing         |
| `name` of a top-level volume                      | recreates   | **nothing** | recreates       | recreates       |
| options of a volume that exists                   | an error    | **nothing** | asks, then no   | asks, then no   |
| options of a top-level network                    | an error    | **nothing** | another network | another network |
| a stopped container's network is gone             | an error    | an error    | an error        | an error        |
| a running container is off its network            | **nothing** | **nothing** | recreates       | recreates       |
| a container is paused                             | **nothing** | an error    | an error        | an error        |

So a config's checksum is in a label; another volume, and a cache that does not answer, are recreated by force; another network
is made after `down`; options of a volume that exists are refused. What runs is then compared with what was asked.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

from runnerops.model.common import Tree, Value, value_at
from runnerops.model.facts import Container
from runnerops.patterns import late_pattern
from runnerops.redact.names import secret_name
from runnerops.redact.texts import secret_items, secret_spans
from runnerops.services.registry.caches import CONFIG_LABEL
from runnerops.services.registry.format.service import mounts_of, service_of, text_of, volumes_of

_PORT = late_pattern(r"([0-9]+(?:\.[0-9]+){3}):([0-9]+):([0-9]+)")

FORM = (
    "state {{.State.Status}}{{println}}began {{.State.StartedAt}} {{.RestartCount}}{{println}}"
    "image {{.Config.Image}}{{println}}command {{json .Config.Cmd}}{{println}}"
    "restart {{.HostConfig.RestartPolicy.Name}}{{println}}ports {{json .HostConfig.PortBindings}}{{println}}"
    "logs {{.HostConfig.LogConfig.Type}}{{println}}"
    "{{range $name, $value := .HostConfig.LogConfig.Config}}log {{$name}}={{$value}}{{println}}{{end}}"
    f'label {{{{index .Config.Labels "{CONFIG_LABEL}"}}}}{{{{println}}}}'
    "{{range .Mounts}}mount {{.Destination}}={{if .Name}}{{.Name}}{{else}}{{.Source}}{{end}}{{println}}{{end}}"
    "{{range .Config.Env}}env {{.}}{{println}}{{end}}"
)
"""A format of `docker inspect` that prints what `traits` gives, one per line. It is read only on the host, because it
contains secrets.
"""


def differences(compose: Tree, name: str, container: Container) -> Iterator[str]:
    """The keys of a service that its container does not have, of those that an observation shows."""
    section = service_of(compose, name)
    image, restart = text_of(section.get("image")), text_of(section.get("restart")).partition(":")[0]
    bound = {f"{address}:{port}" for address, port, _ in _published(section)}
    if image and image != container.image:
        yield "image"
    if restart and container.restart and restart != container.restart:
        yield "restart"
    if bound and container.ports and bound != set(container.ports):
        yield "ports"
    mounts = container.mounts
    if mounts is not None and any(mounts.get(inside) != volume for inside, volume in volumes_of(compose, name).items()):
        yield "volume"


def traits(compose: Tree, name: str, secret: Collection[str]) -> Iterator[str]:
    """Lines that FORM prints for a container that is as desired. One that ends with `=` is the beginning of a line.

    Values in an unknown syntax are left out. `secret` names variables whose values no step may contain.
    """
    section, volumes = service_of(compose, name), volumes_of(compose, name)
    yield "state running"
    if image := text_of(section.get("image")):
        yield f"image {image}"
    if restart := text_of(section.get("restart")):
        yield f"restart {restart.partition(':')[0]}"
    command = section.get("command")
    words = [text_of(word) for word in command] if isinstance(command, list) else []
    if words and all(words) and not secret_items(words) and not any(map(secret_spans, words)):
        yield f"command {_json(words)}"
    if bound := _published(section):
        yield f"ports {_json({f'{inner}/tcp': [{'HostIp': address, 'HostPort': port}] for address, port, inner in bound})}"
    yield from _log_traits(section.get("logging"))
    if label := text_of(value_at(section, ("labels", CONFIG_LABEL))):
        yield f"label {label}"
    yield from (f"mount {inside}={volumes.get(inside, '')}" for inside, _ in mounts_of(section))
    environment = section.get("environment")
    for key, value in environment.items() if isinstance(environment, dict) else ():
        if text := text_of(value):
            yield f"env {key}={'' if key in secret else _shown(key, text)}"


def _log_traits(logging: Value) -> Iterator[str]:
    """The options of the section; the daemon adds its own."""
    if driver := text_of(value_at(logging, ("driver",))):
        yield f"logs {driver}"
    options = value_at(logging, ("options",))
    for key, value in options.items() if isinstance(options, dict) else ():
        if text := text_of(value):
            yield f"log {key}={_shown(key, text)}"


def _shown(name: str, text: str) -> str:
    """A value in a form that a step may contain, because steps are printed."""
    return "" if secret_name(name) or secret_spans(text) else text


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def _published(section: Tree) -> tuple[tuple[str, str, str], ...]:
    """Address, port and port inside; none if one is written in another way, or if two have the same port inside."""
    ports = section.get("ports")
    matches = [_PORT.fullmatch(text_of(port)) for port in (ports if isinstance(ports, list) else ())]
    published = tuple((match[1], match[2], match[3]) for match in matches if match)
    inner = {port for _, _, port in published}
    return published if len(published) == len(matches) == len(inner) else ()
