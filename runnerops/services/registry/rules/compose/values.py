"""Checks values that the schema accepts and Compose or Docker refuses: names, pairs, commands, limits. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runnerops.model.common import Key, Tree, Value, value_at, word_set
from runnerops.parsing.near import near_fix, similar_names
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.compose.fixed_words import fixed_words
from runnerops.services.registry.rules.compose.image import image_name
from runnerops.services.registry.rules.compose.meant import slips
from runnerops.services.registry.rules.compose.mounts import volumes
from runnerops.services.registry.rules.compose.parts import REFUSED, REFUSES, items, mapping
from runnerops.services.registry.rules.compose.ports import ports
from runnerops.services.registry.rules.compose.words import is_command
from runnerops.services.registry.rules.found import Found
from runnerops.services.registry.schema.json_schema import open_text
from runnerops.services.shared.addresses import is_address

SECTIONS = ("volumes", "networks", "secrets", "configs")
"""Sections of a file that are sometimes indented as services."""
_WHAT_RUNS = ("image", "build")
_NEAR = 0.7
"""How similar a misspelt key is to one of these, of 1. The schema reports it, so that they are not missing too."""
_NAME = late_pattern(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_PAIRS: Mapping[Key, tuple[str, tuple[str, ...], str]] = {
    ("extra_hosts",): (":=", (), "must be NAME=ADDRESS"),
    ("build", "extra_hosts"): (":=", (), "must be NAME=ADDRESS"),
    ("build", "additional_contexts"): ("=", (), "must be NAME=CONTEXT"),
    ("build", "ssh"): ("=", ("default",), "must be default, or NAME=PATH"),
}
"""Lists whose items must contain one of these signs, or be one of these words."""
_OF_SECTION = word_set("content driver driver_opts environment external file labels name template_driver")
"""The keys of a secret or config."""
_CONTENTS = {"configs": ("file", "environment", "content"), "secrets": ("file", "environment")}


def top_values(tree: Tree) -> Found:
    """Checks volumes, secrets and configs for keys that exclude each other."""
    for name, section in mapping(tree.get("volumes")).items():
        yield from _external(mapping(section), ("volumes", name))
    for kind, content_keys in _CONTENTS.items():
        for name, section in mapping(tree.get(kind)).items():
            yield from _content(mapping(section), content_keys, (kind, name))
    for kind in ("volumes", "networks", "secrets", "configs"):
        for name, section in mapping(tree.get(kind)).items():
            external_name = mapping(mapping(section).get("external")).get("name")
            if external_name and mapping(section).get("name", external_name) != external_name:
                text = f"differs from `external.name`: {REFUSED}"
                yield "K002", "error", (kind, name, "name"), text, "write it in only one of the two places"


def _external(section: Tree, key: Key) -> Found:
    if section.get("external") is not True:
        return
    for name in section:
        if name not in {"name", "external"} and not name.startswith("x-"):
            yield (
                "K002",
                "error",
                (*key, name),
                f"cannot be combined with `external`: {REFUSED}",
                "take one of them out",
            )


def _content(section: Tree, content_keys: tuple[str, ...], key: Key) -> Found:
    given_keys = [name for name in content_keys if name in section]
    if slips(section.keys() - _OF_SECTION, content_keys):
        return
    if len(given_keys) > 1:
        text = f"has {' and '.join(given_keys)}, but only one is allowed: {REFUSED}"
        yield "K002", "error", key, text, "keep one of them"
    elif (
        _is_empty_secret(section) if key[0] == "secrets" else not {*content_keys, "external", "driver"} & section.keys()
    ):
        yield "K002", "error", key, f"needs one of {', '.join(content_keys)}: {REFUSED}", "add one of them"


def _is_empty_secret(section: Tree) -> bool:
    """Compose checks secrets twice. For a config, a driver is enough."""
    return "file" not in section and not section.get("environment") and section.get("external", False) is False


def service_values(service: Tree, key: Key) -> Found:
    """Runs all rules on one service."""
    for rule in (_whole, ports, volumes, _entries, _hosts, _wide, fixed_words, _commands, _sources):
        yield from rule(service, key)


def _whole(service: Tree, key: Key) -> Found:
    empty = any(name in service and service[name] is None for name in _WHAT_RUNS)  # as the schema reports
    if (
        not empty
        and service.get("build") is None
        and not any(service.get(name) for name in ("image", "extends", "provider"))
    ):
        if key[-1] in SECTIONS:
            text = f"is read as a service, because it is indented below `services`: {REFUSED}"
            yield "K002", "error", key, text, "move it to the beginning of the line"
        elif not any(similar_names(name, _WHAT_RUNS, _NEAR) for name in service if name not in _WHAT_RUNS):
            yield "K002", "error", key, f"has neither image nor build: {REFUSED}", "add one of them"
    name = service.get("container_name")
    if isinstance(name, str) and _NAME.search(name) and not open_text(name) and not _NAME.fullmatch(name):
        text = f"must be letters, digits, `_`, `.` and `-`, and begin with a letter or digit: {REFUSES}"
        fix = f"write {meant_name}" if _NAME.fullmatch(meant_name := name.strip().replace(" ", "-")) else ""
        yield "K002", "error", (*key, "container_name"), text, fix
    image = service.get("image")
    if isinstance(image, str) and image and "$" not in image and image != "...":  # as a manual leaves it out
        yield from image_name(image, (*key, "image"))


def _entries(service: Tree, key: Key) -> Found:
    for where, (sign, words, text) in _PAIRS.items():
        for index, entry in _texts(value_at(service, where)):
            if not set(sign) & set(entry) and entry not in words:
                name, _, rest = entry.partition(" ")
                fix = f"write {name}={rest}" if is_address(rest) else near_fix(entry, words)
                yield "K002", "error", (*key, *where, index), f"{text}: {REFUSED}", fix
    for index, entry in _texts(service.get("devices")):
        if entry.count(":") > 2:
            text = f"has too many colons: {REFUSED}"
            yield "K002", "error", (*key, "devices", index), text, "write HOST:CONTAINER:rwm"
    for index, device in enumerate(items(service.get("devices"))):
        if isinstance(device, dict) and "target" not in device:
            yield (
                "K002",
                "error",
                (*key, "devices", index),
                f"has no target, which is its path in the container: {REFUSED}",
                "add target: /PATH",
            )
    for index, entry in _texts(service.get("environment")):
        if entry.partition("=")[0][-1:].isspace():
            text = f"has a space after the variable's name: {REFUSED}"
            yield "K002", "error", (*key, "environment", index), text, "take the space out"


def _hosts(service: Tree, key: Key) -> Found:
    """Finds names without an address, and addresses without a name."""
    places: tuple[Key, ...] = (("extra_hosts",), ("build", "extra_hosts"))
    for where in places:
        for index, entry in _texts(value_at(service, where)):
            name, sign, address = entry.partition("=" if "=" in entry else ":")
            if sign and not name.strip():
                yield "K002", "error", (*key, *where, index), f"has no name of a host: {REFUSED}", "write NAME=ADDRESS"
            elif sign and not is_address(address.strip("[]")) and address != "host-gateway":
                text = f"has an invalid address: {REFUSES}"
                yield "K002", "error", (*key, *where, index), text, "write an IP address, or host-gateway"


def _wide(service: Tree, key: Key) -> Found:
    """Compose accepts these limits only as whole numbers of 64 bits, in digits and not like `9e9`."""
    limits: tuple[Key, ...] = (("ulimits",), ("build", "ulimits"))
    for where in limits:
        for name, limit in mapping(value_at(service, where)).items():
            pairs: list[tuple[Key, Value]] = [((part,), bound) for part, bound in mapping(limit).items()] or [
                ((), limit)
            ]
            for part, bound in pairs:
                if isinstance(bound, float) or (isinstance(bound, int) and not -(2**63) <= bound < 2**63):
                    text = f"must be a whole number of at most 64 bits, in digits: {REFUSED}"
                    yield "K002", "error", (*key, *where, name, *part), text, ""


def _texts(value: Value) -> Iterator[tuple[int, str]]:
    for index, item in enumerate(items(value)):
        if isinstance(item, str) and not open_text(item):
            yield index, item


def _commands(service: Tree, key: Key) -> Found:
    """Compose splits these commands into words, while a shell gets a healthcheck's test unchanged."""
    commands: list[tuple[Key, Value]] = [((*key, name), service.get(name)) for name in ("command", "entrypoint")]
    for hook in ("post_start", "pre_stop"):
        for index, hook_entry in enumerate(items(service.get(hook))):
            commands.append(((*key, hook, index, "command"), mapping(hook_entry).get("command")))
    for index, entry in enumerate(items(mapping(service.get("develop")).get("watch"))):
        place = (*key, "develop", "watch", index, "exec", "command")
        commands.append((place, mapping(mapping(entry).get("exec")).get("command")))
    for place, command in commands:
        if isinstance(command, str) and not open_text(command) and not is_command(command):
            text = f"has a quote or a bracket that is not closed, or a bracket outside of quotes: {REFUSED}"
            yield "K002", "error", place, text, "write a list: [sh, -c, 'COMMAND']"


def _sources(service: Tree, key: Key) -> Found:
    places: tuple[Key, ...] = (("secrets",), ("configs",), ("build", "secrets"))
    for where in places:
        for index, reference in enumerate(items(value_at(service, where))):
            if isinstance(reference, dict) and not reference.get("source"):
                text = f"has no source, which is its name in this file: {REFUSED}"
                yield "K002", "error", (*key, *where, index), text, "add source: NAME"
