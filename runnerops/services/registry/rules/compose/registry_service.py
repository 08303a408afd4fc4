"""Checks a service that runs a registry: the path of its configuration, its variables, volume and port. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from runnerops.model.common import Key, Tree, Value
from runnerops.patterns import late_pattern
from runnerops.services.registry.caches.image import major
from runnerops.services.registry.rules.compose.parts import environment, items, mapping, mounts
from runnerops.services.registry.rules.compose.registry_variables import variable_rules
from runnerops.services.registry.rules.found import Found
from runnerops.services.registry.schema.storage import STORAGE
from runnerops.services.shared.addresses import host_of

_REGISTRY = late_pattern(
    r"(?:(?:docker\.io|index\.docker\.io)/)?(?:library/)?registry(?:[:@].*)?|distribution/distribution(?:[:@].*)?"
)
_PATHS = {2: "/etc/docker/registry/config.yml", 3: "/etc/distribution/config.yml"}
"""By major version of the image: the file that it reads by default."""

_OWN = late_pattern(r"\.ya?ml\b|\.sh\b|(?:^|\W)-c\b")
_NEWEST = 3
_DATA = "/var/lib/registry"
_ADDRESS = ":5000"
"""Where a registry listens unless it is told otherwise."""


def is_registry(service: Tree) -> bool:
    """Whether the service's image is distribution's registry."""
    return _REGISTRY.fullmatch(str(service.get("image") or "")) is not None


def registry_service(service: Tree, key: Key) -> Found:
    """Runs all rules on such a service."""
    image = str(service["image"])
    if re.search(r":latest$", image) or ":" not in image:
        text = "`latest` moves to the next major version by itself, which reads another path"
        yield "K011", "warning", (*key, "image"), text, "write a version"
    yield from _path(service, major(image), key)
    yield from variable_rules(service, key, major(image), is_image_file=_of_the_image(service, major(image)))
    if "OTEL_" in str(service.get("environment")):
        from runnerops.services.registry.rules.compose.tracing import tracing_rules  # noqa: PLC0415  few registries trace

        yield from tracing_rules(service, key, major(image))
    yield from _volume(service, key)
    yield from _port(service, key)
    yield from _names(service, key)
    variables = {name: value for _, name, value in environment(service)}
    login = variables.get("REGISTRY_PROXY_PASSWORD") or variables.get("REGISTRY_PROXY_EXEC_COMMAND")
    if login and any(_open(port) for port in items(service.get("ports"))):
        text = "everybody who can reach this port can read whatever the cache's account can read"
        yield "K014", "warning", (*key, "ports"), text, "publish it only on one address: ADDRESS:5000:5000"


def _path(service: Tree, version: int | None, key: Key) -> Found:
    """Finds a configuration that is mounted at a path that the image does not read, so that its defaults are used."""
    yield from _command(service, version, key)
    if _names_its_file(service):
        return
    yield from _file_over_folder(service, version, key)
    if _mounted(service, version or _NEWEST):
        return
    config_path = _PATHS.get(version or _NEWEST, _PATHS[_NEWEST])
    folders = tuple(path.rpartition("/")[0] for path in _PATHS.values())
    for place, source, target in _placed(service):
        folder = target.rstrip("/") in folders and not source.endswith((".yml", ".yaml"))
        if folder or (target.startswith(folders) and target.endswith((".yml", ".yaml"))):
            text = (
                f"registry {version or _NEWEST} does not read it: it would be an open registry that anybody can push to"
            )
            where = config_path.rpartition("/")[0] if folder else config_path
            yield "K010", "error" if version else "warning", (*key, *place), text, f"mount it at {where}"


def _command(service: Tree, version: int | None, key: Key) -> Found:
    """Finds a command with the path of the other major version, where nothing is mounted."""
    for other_version, path in _PATHS.items():
        if (
            other_version == version
            or path not in f"{service.get('command') or ''}"
            or _mounted(service, other_version)
        ):
            continue
        if version:
            text = f"registry {version} has no file {path}: it ends at its start"
            yield "K010", "error", (*key, "command"), text, f"write {_PATHS.get(version, _PATHS[_NEWEST])}"


def _file_over_folder(service: Tree, version: int | None, key: Key) -> Found:
    """Finds a file, by its name, that is mounted over a folder. Docker does not start such a container."""
    folders = {path.rpartition("/")[0]: path for path in _PATHS.values()}
    for index, source, target in mounts(service):
        path = folders.get(target.rstrip("/"))
        if path and source.endswith((".yml", ".yaml")):
            text = f"{target} is a folder of the image: Docker cannot mount a file over it, and the container does not start"
            yield "K010", "warning", (*key, "volumes", index), text, f"mount it at {_PATHS.get(version or 0, path)}"


def _names_its_file(service: Tree) -> bool:
    """Whether the service names a file of its own, or runs a script, which may."""
    words = f"{service.get('command') or ''} {service.get('entrypoint') or ''}"
    return _OWN.search(words) is not None or any(
        name == "REGISTRY_CONFIGURATION_PATH" for _, name, _ in environment(service)
    )


def _mounted(service: Tree, version: int) -> bool:
    """Whether something is mounted over the file that this version of the image reads."""
    config_path = _PATHS.get(version, _PATHS[_NEWEST])
    return any(
        config_path == target or config_path.startswith(f"{target.rstrip('/')}/") for _, _, target in _placed(service)
    )


def _placed(service: Tree) -> Iterator[tuple[Key, str, str]]:
    """Yields place, source and target of each volume, and of each config that has a target."""
    yield from ((("volumes", index), source, target) for index, source, target in mounts(service))
    for index, config in enumerate(items(service.get("configs"))):
        if isinstance(config, dict) and isinstance(config.get("target"), str):
            yield ("configs", index), f"{config.get('source') or ''}.yml", str(config["target"])


def _of_the_image(service: Tree, version: int | None) -> bool:
    """Whether it is known that the registry reads the image's own file, with no variables but those of `environment`."""
    elsewhere = ("env_file", "extends", "volumes_from", "configs", "build")
    versions = [version] if version else [*_PATHS]
    if (
        _names_its_file(service)
        or any(service.get(name) for name in elsewhere)
        or "distribution" in str(service["image"])
    ):
        return False
    return not any(_mounted(service, version) for version in versions)


def _volume(service: Tree, key: Key) -> Found:
    """Finds content that is in no volume. If a mounted configuration may name another folder, any volume suffices."""
    names = {name for _, name, _ in environment(service)}
    variables = {name: value for _, name, value in environment(service)}
    data = variables.get("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY") or _DATA
    names.discard("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY" if data.startswith("/") else "")
    elsewhere = any(name.startswith("REGISTRY_STORAGE_") and name.split("_")[2].lower() in STORAGE for name in names)
    if elsewhere or variables.get("REGISTRY_STORAGE", "filesystem") != "filesystem" or service.get("volumes_from"):
        return
    if any(str(volume)[1:2] == ":" and str(volume)[2:].startswith(data) for volume in items(service.get("volumes"))):
        return  # a drive of Windows, as another rule reports
    targets = [target for _, _, target in mounts(service)]
    configured = any(
        target.startswith(tuple(path.rpartition("/")[0] for path in _PATHS.values())) for target in targets
    )
    data_targets = [target for target in targets if not re.match(r"/(?:etc|certs?|auth)\b", target)]
    covered = any(f"{data}/".startswith(f"{target.rstrip('/')}/") or target.startswith(data) for target in targets)
    if not covered and not (configured and data_targets and data == _DATA):
        text = f"has no volume at {data}: its content is lost with the container"
        yield "K013", "warning", key, text, "add a named volume"


def _names(service: Tree, key: Key) -> Found:
    """Finds variables that are not in capitals, and an upstream that is this service."""
    own_names = {str(key[-1]), str(service.get("container_name") or ""), str(service.get("hostname") or "")}
    for place, name, value in environment(service):
        if name.upper().startswith("REGISTRY_") and not name.startswith("REGISTRY_"):
            text = "is not in capitals, so the registry ignores it"
            yield "K012", "error", (*key, "environment", place), text, f"write {name.upper()}"
        if name == "REGISTRY_PROXY_REMOTEURL" and host_of(value) in own_names - {""}:
            text = "is this service itself"
            yield "K012", "error", (*key, "environment", place), text, "write the upstream's address"


def _port(service: Tree, key: Key) -> Found:
    """Finds ports of which none leads to the registry. A mounted configuration may name another port."""
    if not _of_the_image(service, major(str(service["image"]))) or service.get("network_mode"):
        return
    variables = {name: value for _, name, value in environment(service)}
    port = variables.get("REGISTRY_HTTP_ADDR", _ADDRESS).rpartition(":")[2]
    ports = [
        str(mapping(port).get("target") if isinstance(port, dict) else port) for port in items(service.get("ports"))
    ]
    inner = [port.partition("/")[0].rpartition(":")[2] for port in ports]
    if port.isdecimal() and inner and all(number.isdecimal() for number in inner) and port not in inner:
        text = f"do not lead to the registry, which listens on port {port} of its container"
        yield "C018", "warning", (*key, "ports"), text, f"write {_outer(ports[0])}{port}, or set REGISTRY_HTTP_ADDR"


def _outer(port: str) -> str:
    outer, colon, _ = port.rpartition(":")
    return f"{outer}{colon}"


def _open(port: Value) -> bool:
    if isinstance(port, dict):
        return bool(port.get("published")) and not port.get("host_ip")
    parts = str(port).split(":")
    return len(parts) == 2 or (len(parts) == 3 and parts[0] == "0.0.0.0")  # noqa: S104  this is what is looked for


def shared_volumes(services: Mapping[str, Tree]) -> Found:
    """Finds two registries on one volume, which delete each other's content."""
    first_services: dict[str, str] = {}
    for name, service in services.items():
        for source, target in _sources(service) if _serves(service) else ():
            if target.startswith(_DATA):
                if source in first_services:
                    text = f"has the volume of {first_services[source]}: each would delete the other's content"
                    yield "K015", "warning", ("services", name, "volumes"), text, "give each a volume of its own"
                first_services.setdefault(source, name)


def _serves(service: Tree) -> bool:
    """Whether the service is a registry that serves, as far as is known. Another may collect the garbage of its volume."""
    words = str(service.get("command") or "")
    return is_registry(service) and not service.get("entrypoint") and not re.search(r"garbage-collect|\.sh\b", words)


def _sources(service: Tree) -> Iterator[tuple[str, str]]:
    return ((source, target) for _, source, target in mounts(service) if source)
