"""daemon.json, simulated: which files dockerd 26.1 accepts, and with which it ends."""

from __future__ import annotations

from runnerops.demo.simulated.world import RefusedError, World, shown, text_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from runnerops.demo.simulated.world import Tree

FILE = "/etc/docker/daemon.json"
LOG_DRIVERS = ("awslogs", "fluentd", "gcplogs", "gelf", "journald", "json-file", "local", "none", "splunk", "syslog")
_LOG_OPTIONS = {
    "json-file": {"max-size", "max-file", "compress", "labels", "labels-regex", "env", "env-regex", "tag"},
    "local": {"max-size", "max-file", "compress"},
}
_GO = {"bool": "bool", "int": "int", "string": "string", "strings": "[]string"}


def config_file(argv: list[str]) -> str:
    """The file that a daemon with these arguments reads."""
    for index, word in enumerate(argv):
        if word.startswith("--config-file="):
            return word.partition("=")[2]
        if word == "--config-file" and index + 1 < len(argv):
            return argv[index + 1]
    return FILE


def read(world: World, argv: list[str]) -> Tree:
    """Returns the file's tree. Raises RefusedError for what `dockerd --validate` refuses."""
    name = config_file(argv)
    try:
        text = text_at(name)
    except FileNotFoundError:
        if not any(word.startswith("--config-file") for word in argv):
            return {}
        raise _bad(name, f"open {shown(name)}: no such file or directory") from None
    if not text.strip():
        return {}
    import json  # noqa: PLC0415

    try:
        tree = json.loads(text)
    except ValueError as error:
        raise _bad(name, f"invalid character or unexpected end of JSON input ({error})") from None
    if not isinstance(tree, dict):
        raise _bad(name, f"json: cannot unmarshal {_json_kind(tree)} into Go value of type map[string]interface {{}}")
    for problem in (*_unknown(world, tree), *_doubled(argv, tree), *_untyped(world, tree), *_malformed(tree)):
        raise _bad(name, problem)
    return tree


def _bad(name: str, problem: str) -> RefusedError:
    return RefusedError(f"unable to configure the Docker daemon with file {shown(name)}: {problem}")


def _unknown(world: World, tree: Tree) -> Iterator[str]:
    unknown = [name for name in tree if name not in world.engine["directives"]]
    if unknown:
        yield f"the following directives don't match any configuration option: {', '.join(unknown)}"


def _doubled(argv: list[str], tree: Tree) -> Iterator[str]:
    flags = {word.lstrip("-").partition("=")[0] for word in argv if word.startswith("--")}
    flags |= {"hosts"} if "-H" in argv or "host" in flags else set()
    for name in tree:
        if name in flags - {"config-file", "validate"}:
            yield f"the following directives are specified both as a flag and in the configuration file: {name}"


def _untyped(world: World, tree: Tree) -> Iterator[str]:
    for name, value in tree.items():
        kind = world.engine["directives"].get(name)
        if kind == "texts" and isinstance(value, dict):
            for item in value.values():
                if not isinstance(item, str):
                    yield _unmarshal(item, name, "string")
        elif kind in _GO and not _fits(kind, value):
            yield _unmarshal(value, name, _GO[kind])
        elif kind in {"texts", "flags", "object"} and not isinstance(value, dict):
            yield _unmarshal(value, name, "map")


def _fits(kind: str, value: Any) -> bool:
    if kind == "strings":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    wanted = {"bool": bool, "int": int, "string": str}[kind]
    return value is None or (isinstance(value, wanted) and (kind == "bool" or not isinstance(value, bool)))


def _unmarshal(value: Any, name: str, kind: str) -> str:
    return f"json: cannot unmarshal {_json_kind(value)} into Go struct field Config.{name} of type {kind}"


def _json_kind(value: Any) -> str:
    kinds = {bool: "bool", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


def _malformed(tree: Tree) -> Iterator[str]:
    for label in tree.get("labels") or ():
        if "=" not in label:
            yield f"merged configuration validation from file and command line flags failed: bad attribute format: {label}"


def start_problem(tree: Tree) -> str:
    """Why a daemon ends at its start although `--validate` accepts the file; empty if it starts."""
    driver, options = tree.get("log-driver") or "json-file", tree.get("log-opts") or {}
    if options and driver not in LOG_DRIVERS:
        lookup = f'error looking up logging plugin {driver}: plugin "{driver}" not found'
        return f"failed to set log opts: failed to set log opts: {lookup}"
    for option in options:
        if option not in _LOG_OPTIONS.get(driver, options):
            return f"failed to set log opts: failed to set log opts: unknown log opt '{option}' for {driver} log driver"
    if tree.get("storage-driver") not in (None, "", "overlay2", "vfs", "btrfs", "zfs", "fuse-overlayfs"):
        return f"error initializing graphdriver: driver not supported: {tree['storage-driver']}"
    if problem := mirror_problem(tree):
        return problem
    if tree.get("bip") and not _is_address(tree["bip"]):
        return f"Error initializing network controller: invalid CIDR address: {tree['bip']}"
    return ""


def _is_address(text: str) -> bool:
    import ipaddress  # noqa: PLC0415

    try:
        return "/" in text and bool(ipaddress.IPv4Interface(text))
    except ValueError:
        return False


def mirror_problem(tree: Tree) -> str:
    """Why a daemon does not start with these mirrors, and refuses them in a reload; empty if it accepts them."""
    for url in tree.get("registry-mirrors") or ():
        scheme = url.partition("://")[0] if "://" in url else ""
        if scheme not in {"http", "https"}:
            return f'invalid mirror: unsupported scheme "{scheme}" in "{url}"'
    return ""
