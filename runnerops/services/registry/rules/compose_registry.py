"""A service of a Compose file that runs a registry: the path of its configuration, its variables, volume and port. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import yaml

from runnerops.model.common import Key, Tree, Value
from runnerops.services.registry.caches.image import major
from runnerops.services.registry.rules.compose_parts import environment, items, mounts
from runnerops.services.registry.rules.config import typed
from runnerops.services.registry.rules.found import ENDS, Found, Severity
from runnerops.services.registry.rules.near import near_key, places_of
from runnerops.services.registry.schema import AUTH, CONFIG, ENVIRONMENT, Shape
from runnerops.services.registry.schema.json_schema import open_text
from runnerops.services.registry.schema.storage import PARAMETERS, STORAGE

_REGISTRY = re.compile(
    r"(?:(?:docker\.io|index\.docker\.io)/)?(?:library/)?registry(?:[:@].*)?|distribution/distribution(?:[:@].*)?"
)
_PATHS = {2: "/etc/docker/registry/config.yml", 3: "/etc/distribution/config.yml"}
"""By major version of the image: the file that it reads unless it is told another."""

_NEWEST = 3
_DATA = "/var/lib/registry"
_OF_THE_IMAGE = frozenset({"REGISTRY_CONFIGURATION_PATH"})


def is_registry(service: Tree) -> bool:
    """Whether its image is distribution's registry."""
    return _REGISTRY.fullmatch(str(service.get("image") or "")) is not None


def registry_service(service: Tree, key: Key) -> Found:
    """All rules on such a service."""
    image = str(service["image"])
    if re.search(r":latest$", image) or ":" not in image:
        text = "`latest` moves to the next major version by itself, which reads another path"
        yield "K011", "warning", (*key, "image"), text, "write a version"
    yield from _path(service, major(image), key)
    for index, name, value in environment(service):
        yield from _setting(name, value, (*key, "environment", index))
    yield from _volume(service, key)
    given = {name: value for _, name, value in environment(service)}
    if given.get("REGISTRY_PROXY_PASSWORD") and any(_open(port) for port in items(service.get("ports"))):
        text = "everybody who can reach this port can read whatever the cache's account can read"
        yield "K014", "warning", (*key, "ports"), text, "publish it only on one address: ADDRESS:5000:5000"


def _path(service: Tree, version: int | None, key: Key) -> Found:
    """A configuration that is mounted where the image does not look: it runs with its defaults, and no cache."""
    told = f"{service.get('command') or ''} {service.get('entrypoint') or ''}"
    variables = {name for _, name, _ in environment(service)}
    if ".y" in told or "REGISTRY_CONFIGURATION_PATH" in variables:
        return
    read = _PATHS.get(version or _NEWEST, _PATHS[_NEWEST])
    there = [target for _, _, target in mounts(service)]
    if any(read == target or read.startswith(f"{target.rstrip('/')}/") for target in there):
        return
    folders = tuple(path.rpartition("/")[0] for path in _PATHS.values())
    for index, _, target in mounts(service):
        if target.startswith(folders) and target.endswith((".yml", ".yaml")):
            text = (
                f"registry {version or _NEWEST} does not read it: it would be an open registry that anybody can push to"
            )
            yield "K010", "error" if version else "warning", (*key, "volumes", index), text, f"mount it at {read}"


def _volume(service: Tree, key: Key) -> Found:
    """Content that lies in no volume. Where a mounted configuration may name another folder, any volume will do."""
    names = {name for _, name, _ in environment(service)}
    given = {name: value for _, name, value in environment(service)}
    elsewhere = any(name.startswith("REGISTRY_STORAGE_") and name.split("_")[2].lower() in STORAGE for name in names)
    if elsewhere or given.get("REGISTRY_STORAGE", "filesystem") != "filesystem" or service.get("volumes_from"):
        return
    targets = [target for _, _, target in mounts(service)]
    configured = any(
        target.startswith(tuple(path.rpartition("/")[0] for path in _PATHS.values())) for target in targets
    )
    data = [target for target in targets if not re.match(r"/(?:etc|certs?|auth)\b", target)]
    covered = any(f"{_DATA}/".startswith(f"{target.rstrip('/')}/") or target.startswith(_DATA) for target in targets)
    if not covered and not (configured and data):
        text = f"has no volume at {_DATA}: its content is lost with the container"
        yield "K013", "warning", key, text, "add a named volume"


def _open(port: Value) -> bool:
    if isinstance(port, dict):
        return bool(port.get("published")) and not port.get("host_ip")
    parts = str(port).split(":")
    return len(parts) == 2 or (len(parts) == 3 and parts[0] == "0.0.0.0")  # noqa: S104  this is what is looked for


def _setting(name: str, value: str, key: Key) -> Found:
    """A variable that the registry reads as a key of its configuration, and its value as YAML."""
    if not name.startswith("REGISTRY_") or name in _OF_THE_IMAGE:
        return
    path = [part.lower() for part in name.split("_")[1:]]
    shape = _shape(CONFIG, path)
    if shape is None:
        yield _ignored(path, key)
    elif not open_text(value):
        whole = len(path) == 1 and path[0] in {"storage", "auth"}  # the name of a driver alone will do
        yield from _value(name, "any" if whole else shape, value.replace("$$", "$"), key)


def _shape(shape: Shape, path: list[str]) -> Shape | None:
    """The shape of the key that a variable names; None where the registry knows none."""
    found: Shape | None = shape
    for index, part in enumerate(path):
        if isinstance(found, list):
            found = found[0] if part.isdecimal() else None
        elif isinstance(found, Mapping):
            if (
                part in ENVIRONMENT.values()
                and "*" not in found
                and path[0] in {"health", "notifications"}
                and index == 1
            ):
                return None
            found = _step(found, ENVIRONMENT.get(part, part), path[:index])
        else:
            return "any" if found == "any" else None
        if found is None:
            return None
    return found


def _step(shape: Mapping[str, Shape], part: str, above: list[str]) -> Shape | None:
    if above == ["storage"] and part not in shape:
        return {"*": "any"} if part in STORAGE else None
    if above == ["auth"]:
        return {"*": "any"} if part in AUTH or part == "none" else None
    if above == ["storage", "filesystem"]:
        return "text" if part == "rootdirectory" else ("any" if part in PARAMETERS["filesystem"][3] else None)
    return shape.get(part, shape.get("*"))


def _ignored(path: list[str], key: Key) -> tuple[str, Severity, Key, str, str]:
    """The registry passes it over with a line in its log: as with any key that it ignores, a slip is an error."""
    whole, last = "".join(path), path[-1]
    known = {"".join(place): place for place in places_of(CONFIG)}
    near = near_key(whole, known) or next(
        (one for one, place in known.items() if place[-len(path) :] == tuple(path)), ""
    )
    written = last.partition(":")[0]
    if written != last and (name := "".join((*path[:-1], written))) in known:
        right = "_".join(("REGISTRY", *known[name])).upper()
        return (
            "K012",
            "error",
            key,
            f"has a `:` in its name, so {right} is not set",
            f"write {right}=VALUE, or {right}: VALUE",
        )
    if near:
        right = "_".join(("REGISTRY", *known[near])).upper()
        return "K012", "error", key, f"names no key of the registry, did you mean {right}?", f"write {right}"
    text = f"names no key of the registry, which ignores it ({last})"
    return "K012", "warning", key, text, "the names are those of its configuration, with _ for each level"


def _value(name: str, shape: Shape, value: str, key: Key) -> Found:
    quoted = f"write {name}='\"…\"'"
    try:
        read = yaml.safe_load(value)
    except yaml.YAMLError:
        yield "K012", "error", key, f"cannot be read as YAML, which the registry does: {ENDS}", quoted
        return
    if value.strip() and (read is None and value.strip() not in {"~", "null"}):
        yield "K012", "error", key, "the registry reads it as YAML, where # begins a comment: it is empty", quoted
    elif isinstance(read, str) and shape == "text" and " #" in value and read != value.strip():
        yield "K012", "error", key, "the registry reads it as YAML, where # begins a comment: the rest is lost", quoted
    elif isinstance(read, dict | list) and shape == "text":
        yield "K012", "error", key, f"the registry reads it as YAML, in which it is not a string: {ENDS}", quoted
    else:
        yield from (("K012", severity, key, text, fix) for _, severity, _, text, fix in typed(shape, read, key))


def shared_volumes(services: Mapping[str, Tree]) -> Found:
    """Two registries on one volume take each other's content off."""
    seen: dict[str, str] = {}
    for name, service in services.items():
        for source, target in _sources(service) if is_registry(service) else ():
            if target.startswith(_DATA):
                if source in seen:
                    text = f"has the volume of {seen[source]}: each would delete the other's content"
                    yield "K015", "warning", ("services", name, "volumes"), text, "give each a volume of its own"
                seen.setdefault(source, name)


def _sources(service: Tree) -> Iterator[tuple[str, str]]:
    return ((source, target) for _, source, target in mounts(service) if source)
