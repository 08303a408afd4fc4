"""Checks values that the schema accepts and Compose or Docker refuses: ports, volumes, commands. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address

from runnerops.model.common import Key, Tree, Value, value_at
from runnerops.parsing.near import near_fix
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.compose_image import image_name
from runnerops.services.registry.rules.compose_parts import items, mapping, mounts, volume_parts
from runnerops.services.registry.rules.compose_words import is_command
from runnerops.services.registry.rules.found import Found, Severity
from runnerops.services.registry.schema.json_schema import open_text

_REFUSED = "Compose refuses the whole file"
_SECTIONS = ("volumes", "networks", "secrets", "configs")
_REFUSES = "Docker refuses the container"
_DRIVE = late_pattern(r"[A-Za-z]:")
_RESTARTS = ("no", "always", "unless-stopped", "on-failure")
_RESTART = late_pattern(r"no|always|unless-stopped|on-failure(:\d+)?")
_VOLUME = "write SOURCE:/PATH, or SOURCE:/PATH:ro"
_PAIRS: Mapping[Key, tuple[str, tuple[str, ...], str]] = {
    ("extra_hosts",): (":=", (), "must be NAME=ADDRESS"),
    ("build", "extra_hosts"): (":=", (), "must be NAME=ADDRESS"),
    ("build", "additional_contexts"): ("=", (), "must be NAME=CONTEXT"),
    ("build", "ssh"): ("=", ("default",), "must be default, or NAME=PATH"),
}
"""Lists whose items must contain one of these signs, or be one of these words."""
_CONTENTS = {"configs": ("file", "environment", "content"), "secrets": ("file", "environment")}


def top_values(tree: Tree) -> Found:
    """Checks volumes, secrets and configs for keys that exclude each other."""
    for name, one in mapping(tree.get("volumes")).items():
        yield from _external(mapping(one), ("volumes", name))
    for kind, known in _CONTENTS.items():
        for name, one in mapping(tree.get(kind)).items():
            yield from _content(mapping(one), known, (kind, name))
    for kind in ("volumes", "networks", "secrets", "configs"):
        for name, one in mapping(tree.get(kind)).items():
            other = mapping(mapping(one).get("external")).get("name")
            if other and mapping(one).get("name", other) != other:
                text = f"differs from `external.name`: {_REFUSED}"
                yield "K002", "error", (kind, name, "name"), text, "write it in only one of the two places"


def _external(one: Tree, key: Key) -> Found:
    if one.get("external") is not True:
        return
    for other in one:
        if other not in {"name", "external"} and not other.startswith("x-"):
            yield (
                "K002",
                "error",
                (*key, other),
                f"cannot be combined with `external`: {_REFUSED}",
                "take one of them out",
            )


def _content(one: Tree, known: tuple[str, ...], key: Key) -> Found:
    given = [name for name in known if name in one]
    if len(given) > 1:
        text = f"has {' and '.join(given)}, but only one is allowed: {_REFUSED}"
        yield "K002", "error", key, text, "keep one of them"
    elif _is_empty_secret(one) if key[0] == "secrets" else not {*known, "external", "driver"} & one.keys():
        yield "K002", "error", key, f"needs one of {', '.join(known)}: {_REFUSED}", "add one of them"


def _is_empty_secret(one: Tree) -> bool:
    """Compose checks secrets twice. For a config, a driver is enough."""
    return "file" not in one and not one.get("environment") and one.get("external", False) is False


def service_values(service: Tree, key: Key) -> Found:
    """Runs all rules on one service."""
    for rule in (_whole, _ports, _expose, _volumes, _entries, _hosts, _wide, _words, _commands, _sources):
        yield from rule(service, key)


def _whole(service: Tree, key: Key) -> Found:
    if service.get("build") is None and not any(service.get(name) for name in ("image", "extends", "provider")):
        if key[-1] in _SECTIONS:
            text = f"is read as a service, because it is indented below `services`: {_REFUSED}"
            yield "K002", "error", key, text, "move it to the beginning of the line"
        else:
            yield "K002", "error", key, f"has neither image nor build: {_REFUSED}", "add one of them"
    image = service.get("image")
    if isinstance(image, str) and image and "$" not in image and image != "...":  # as a manual leaves it out
        yield from image_name(image, (*key, "image"))


def _ports(service: Tree, key: Key) -> Found:
    for index, port in enumerate(items(service.get("ports"))):
        place = (*key, "ports", index)
        if isinstance(port, dict):
            address = port.get("host_ip")
            if isinstance(address, str) and "$" not in address and not _is_address(address):
                text = f"must be an IP address: {_REFUSED}"
                yield "K002", "error", (*place, "host_ip"), text, "write an address such as 127.0.0.1"
            if "target" not in port:
                text = f"has no target, which is the port of the container: {_REFUSED}"
                yield "K002", "error", place, text, "add for example target: 80"
            yield from _long_port(port, place)
        elif isinstance(port, str | int | float) and not open_text(port):
            yield from _port(str(port).replace("$$", "$"), place)


def _long_port(port: Tree, place: Key) -> Found:
    """Checks what Compose passes to Docker unchanged."""
    target, published, protocol = port.get("target"), port.get("published"), port.get("protocol")
    if isinstance(target, int) and 65535 < target < 1 << 32:
        yield "K002", "error", (*place, "target"), f"must be a port from 1 to 65535: {_REFUSES}", ""
    if isinstance(published, str | int) and published != "" and not open_text(published):
        low, dash, high = str(published).partition("-")
        if _range(str(published)) is None or (dash and not (low and high)):
            text = f"must be a port, or a range of them: {_REFUSES}"
            yield "K002", "error", (*place, "published"), text, "write for example 8080 or 8080-8090"
    if isinstance(protocol, str) and not open_text(protocol) and protocol.lower() not in {"", "tcp", "udp", "sctp"}:
        text = f"must be tcp, udp or sctp: {_REFUSES}"
        yield "K002", "error", (*place, "protocol"), text, near_fix(protocol, ("tcp", "udp", "sctp"))


def _port(text: str, place: Key) -> Found:
    if problem := port_problem(text):
        yield "K002", "error", place, f"{problem}: {_REFUSED}", "write HOST:CONTAINER, for example 8080:80"
    elif text.count(":") > 2 and not text.startswith("["):  # go-connections takes it from 0.5.0 on
        problem = "has an IPv6 address without brackets, which some builds of Compose refuse"
        yield "K002", "warning", place, problem, "write [ADDRESS]:HOST:CONTAINER"


def port_problem(text: str) -> str:
    """Returns why a text is not `[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]`; empty if it is. Source: docker/go-connections."""
    ports, slash, protocol = text.partition("/")
    if slash and protocol.lower() not in {"", "tcp", "udp", "sctp"}:
        return "has a protocol other than tcp, udp and sctp"
    *rest, inner = ports.split(":")
    outer = rest.pop() if rest else ""
    address = ":".join(rest)
    if address and not _is_address(address.removeprefix("[").removesuffix("]")):
        return "has an invalid address"
    if not inner or (inner.isdecimal() and int(inner) == 0):
        return "has no port of the container"
    ours, theirs = _range(inner), _range(outer) if outer else None
    if ours is None or (outer and theirs is None):
        return "must have ports from 0 to 65535"
    different = theirs and ours[0] != ours[1] and theirs[1] - theirs[0] != ours[1] - ours[0]
    return "has ranges of different lengths" if different else ""


def _range(text: str) -> tuple[int, int] | None:
    first, dash, last = text.partition("-")
    if not re.fullmatch(r"[0-9]+", first) or (dash and not re.fullmatch(r"[0-9]+", last)):
        return None
    low, high = int(first), int(last or first)
    return (low, high) if low <= high <= 65535 else None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _expose(service: Tree, key: Key) -> Found:
    for index, port in enumerate(items(service.get("expose"))):
        if isinstance(port, float):
            text = f"must be a port, or a range of them: {_REFUSED}"
            yield "K002", "error", (*key, "expose", index), text, "write for example 8080 or 8080-8090"


def _volumes(service: Tree, key: Key) -> Found:
    for index, volume in enumerate(items(service.get("volumes"))):
        if isinstance(volume, str):
            parts = volume_parts(volume)
            if "" in parts:
                text = "is empty" if not volume else "has an empty part between its colons"
                yield "K002", "error", (*key, "volumes", index), f"{text}: {_REFUSED}", _VOLUME
            elif len(parts) > 3:
                yield "K002", "error", (*key, "volumes", index), f"has too many colons: {_REFUSED}", _VOLUME
    for index, source, target in mounts(service):
        if target and not target.startswith(("/", "$", "\\")) and not _DRIVE.match(target):
            bare = items(service.get("volumes"))[index] == target and "/" not in target  # the name alone of a volume
            drive = _DRIVE.match(source) if isinstance(items(service.get("volumes"))[index], str) else None
            severity: Severity = "warning" if bare or _DRIVE.match(source) else "error"
            fix = f"write {target}:/PATH" if bare else "write /PATH"
            text = "the path in the container must be absolute"
            if drive:
                text = f"{text}, and it is {target}: Compose reads {drive[0]} as a drive of Windows"
                fix = f"{fix}; the name of a volume needs more than one letter"
            yield "K002", severity, (*key, "volumes", index), text, fix


def _entries(service: Tree, key: Key) -> Found:
    for where, (sign, known, text) in _PAIRS.items():
        for index, entry in _texts(value_at(service, where)):
            if not set(sign) & set(entry) and entry not in known:
                fix = near_fix(entry, known)
                yield "K002", "error", (*key, *where, index), f"{text}: {_REFUSED}", fix
    for index, entry in _texts(service.get("devices")):
        if entry.count(":") > 2:
            text = f"has too many colons: {_REFUSED}"
            yield "K002", "error", (*key, "devices", index), text, "write HOST:CONTAINER:rwm"
    for index, device in enumerate(items(service.get("devices"))):
        if isinstance(device, dict) and "target" not in device:
            yield (
                "K002",
                "error",
                (*key, "devices", index),
                f"has no target, which is its path in the container: {_REFUSED}",
                "add target: /PATH",
            )
    for index, entry in _texts(service.get("environment")):
        if entry.partition("=")[0][-1:].isspace():
            text = f"has a space after the variable's name: {_REFUSED}"
            yield "K002", "error", (*key, "environment", index), text, "take the space out"


def _hosts(service: Tree, key: Key) -> Found:
    """Finds names without an address, and addresses without a name."""
    places: tuple[Key, ...] = (("extra_hosts",), ("build", "extra_hosts"))
    for where in places:
        for index, entry in _texts(value_at(service, where)):
            name, sign, address = entry.partition("=" if "=" in entry else ":")
            if sign and not name.strip():
                yield "K002", "error", (*key, *where, index), f"has no name of a host: {_REFUSED}", "write NAME=ADDRESS"
            elif sign and not _is_address(address.strip("[]")) and address != "host-gateway":
                text = f"has an invalid address: {_REFUSES}"
                yield "K002", "error", (*key, *where, index), text, "write an IP address, or host-gateway"


def _wide(service: Tree, key: Key) -> Found:
    """Compose accepts these limits only as whole numbers of 64 bits, in digits and not like `9e9`."""
    limits: tuple[Key, ...] = (("ulimits",), ("build", "ulimits"))
    for where in limits:
        for name, limit in mapping(value_at(service, where)).items():
            pairs: list[tuple[Key, Value]] = [((part,), one) for part, one in mapping(limit).items()] or [((), limit)]
            for part, one in pairs:
                if isinstance(one, float) or (isinstance(one, int) and not -(2**63) <= one < 2**63):
                    text = f"must be a whole number of at most 64 bits, in digits: {_REFUSED}"
                    yield "K002", "error", (*key, *where, name, *part), text, ""


def _texts(value: Value) -> Iterator[tuple[int, str]]:
    for index, item in enumerate(items(value)):
        if isinstance(item, str) and not open_text(item):
            yield index, item


def _words(service: Tree, key: Key) -> Found:
    restart = service.get("restart")
    if isinstance(restart, str) and restart and "$" not in restart and not _RESTART.fullmatch(restart):
        text = f"must be {', '.join(_RESTARTS[:-1])} or {_RESTARTS[-1]}: {_REFUSES}"
        yield "K002", "error", (*key, "restart"), text, near_fix(restart, _RESTARTS)
    test = items(mapping(service.get("healthcheck")).get("test"))
    if test and isinstance(test[0], str) and not open_text(test[0]) and test[0] not in {"CMD", "CMD-SHELL", "NONE"}:
        text = f"must begin with CMD, CMD-SHELL or NONE: {_REFUSED}"
        fix = "put CMD before it, or write the whole command as one string"
        yield "K002", "error", (*key, "healthcheck", "test"), text, fix


def _commands(service: Tree, key: Key) -> Found:
    """Compose splits these commands into words, while a shell gets a healthcheck's test unchanged."""
    found: list[tuple[Key, Value]] = [((*key, name), service.get(name)) for name in ("command", "entrypoint")]
    for hook in ("post_start", "pre_stop"):
        for index, one in enumerate(items(service.get(hook))):
            found.append(((*key, hook, index, "command"), mapping(one).get("command")))
    for index, one in enumerate(items(mapping(service.get("develop")).get("watch"))):
        place = (*key, "develop", "watch", index, "exec", "command")
        found.append((place, mapping(mapping(one).get("exec")).get("command")))
    for place, command in found:
        if isinstance(command, str) and not open_text(command) and not is_command(command):
            text = f"has a quote or a bracket that is not closed, or a bracket outside of quotes: {_REFUSED}"
            yield "K002", "error", place, text, "write a list: [sh, -c, 'COMMAND']"


def _sources(service: Tree, key: Key) -> Found:
    for index, volume in enumerate(items(service.get("volumes"))):
        parts, place = mapping(volume), (*key, "volumes", index)
        if parts and not parts.get("target"):
            harm = _REFUSES if parts.get("target") == "" else _REFUSED
            text = f"has no target, which is the path in the container: {harm}"
            yield "K002", "error", place, text, "add target: /PATH"
        if parts.get("type") == "bind" and parts.get("source") == "":
            text = "is empty, which Compose reads as the folder of this file"
            yield "K002", "warning", (*place, "source"), text, "write the path, or . for this folder"
        elif parts.get("type") == "bind" and "source" not in parts:
            text = f"has no source, which is the path on the host: {_REFUSED}"
            yield "K002", "error", place, text, "add source: /PATH"
    places: tuple[Key, ...] = (("secrets",), ("configs",), ("build", "secrets"))
    for where in places:
        for index, one in enumerate(items(value_at(service, where))):
            if isinstance(one, dict) and not one.get("source"):
                text = f"has no source, which is its name in this file: {_REFUSED}"
                yield "K002", "error", (*key, *where, index), text, "add source: NAME"
