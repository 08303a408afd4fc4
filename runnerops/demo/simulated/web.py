"""curl and wget, simulated: caches, the runner's metrics page, and an invented Internet. No request leaves the process."""

from __future__ import annotations

import sys

from runnerops.demo.simulated import containers, runner_process
from runnerops.demo.simulated.locked import LockedWorld
from runnerops.demo.simulated.world import RefusedError, World, path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runnerops.demo.simulated.world import Tree

_VALUED = {
    "curl": {"-m", "-o", "-w", "-X", "-H", "-u", "--noproxy", "--unix-socket", "--max-time", "--connect-timeout"},
    "wget": {"-T", "-O", "-t", "--header"},
}


def curl(words: list[str]) -> int:
    """Executes curl. Exit status 7 or 6: nothing responds; 22: the response is an error, and `-f` was given."""
    options, urls = _split(words, _VALUED["curl"])
    fails = any(word.startswith("-") and not word.startswith("--") and "f" in word for word in words)
    with LockedWorld() as world:
        for url in urls:
            status, body = _get(world, url)
            if fails and status >= 400:
                raise RefusedError(f"curl: (22) The requested URL returned error: {status}", 22)
            _put(options.get("-o", "-"), body)
            sys.stdout.write(options.get("-w", "").replace("%{http_code}", str(status)).replace("\\n", "\n"))
    return 0


def wget(words: list[str]) -> int:
    """Executes wget. Exit status 4: nothing responds; 8: the response is an error."""
    options, urls = _split(words, _VALUED["wget"])
    with LockedWorld() as world:
        for url in urls:
            try:
                status, body = _get(world, url)
            except RefusedError as refusal:
                raise RefusedError(str(refusal).replace("curl: (7) ", "wget: "), 4) from None
            if status >= 400:
                raise RefusedError(f"wget: server returned error: HTTP/1.1 {status}", 8)
            _put(options.get("-O", "index.html"), body)
    return 0


def _split(words: list[str], valued: set[str]) -> tuple[dict[str, str], list[str]]:
    """Splits arguments into options with values, and URLs."""
    options: dict[str, str] = {}
    urls = []
    follows = iter(words)
    for word in follows:
        name = word if word.startswith("--") or word in valued else f"-{word[-1:]}"
        if word.startswith("-") and name in valued:
            options[name] = next(follows, "")
        elif not word.startswith("-"):
            urls.append(word)
    return options, urls


def _put(place: str, body: str) -> None:
    if place == "-":
        sys.stdout.write(body)
    elif place != "/dev/null":
        with open(path(place), "w", encoding="utf-8") as file:
            file.write(body)


def _get(world: World, url: str) -> tuple[int, str]:
    """Returns the HTTP status and the body. Raises RefusedError if nothing responds."""
    scheme, place = ("http", url) if "://" not in url else url.split("://", 1)
    authority, _, place = place.partition("/")
    host, _, number = authority.partition(":")
    port = int(number or (443 if scheme == "https" else 80))
    place, _, query = place.partition("?")
    if host in world.data["upstreams"]:
        return containers.UPSTREAM_ANSWERS, '{"errors":[{"code":"UNAUTHORIZED"}]}\n'
    for container in world.engine["containers"]:
        if container["State"]["Running"] and _bound(world, container, host, port) and container["Serves"]:
            return _registry(world, container["Serves"], place, query)
    page = world.runner["page"] if world.units[runner_process.UNIT]["active"] == "active" else ""
    if page and _same(page, host, port) and place == "metrics":
        return 200, runner_process.metrics(world)
    if not host.replace(".", "").isdecimal() and host != "localhost":
        raise RefusedError(f"curl: (6) Could not resolve host: {host}", 6)
    raise RefusedError(f"curl: (7) Failed to connect to {host} port {port} after 0 ms: Could not connect to server", 7)


def _bound(world: World, container: Tree, host: str, port: int) -> bool:
    wild = ("0.0.0.0", "")  # noqa: S104  compared, not bound
    own_addresses = [*containers.addresses(world), "127.0.0.1", "localhost"]
    return any(
        str(port) == published and (address == host or (address in wild and host in own_addresses))
        for address, published in containers.ports(container)
    )


def _same(page: str, host: str, port: int) -> bool:
    address, colon, number = page.rpartition(":")
    return (address if colon else page) in ("", host) and (number if colon else "9252") == str(port)


def _registry(world: World, serves: Tree, place: str, query: str) -> tuple[int, str]:
    cached = world.engine["volumes"].get(serves["volume"], {}).get("repositories", [])
    if place in {"v2", "v2/"}:
        return 200, "{}"
    if place == "v2/_catalog":
        parameters = dict(pair.partition("=")[::2] for pair in query.split("&"))
        names = [name for name in sorted(cached) if name > parameters.get("last", "").replace("%2F", "/")]
        return 200, f'{{"repositories":{_listed(names[: int(parameters.get("n") or 100)])}}}\n'
    name = place.removeprefix("v2/").removesuffix("/tags/list")
    tags = world.data["hub"].get(name)
    if place.endswith("/tags/list") and tags:
        return 200, f'{{"name":"{name}","tags":{_listed(tags)}}}\n'
    return 404, '{"errors":[{"code":"NAME_UNKNOWN"}]}\n'


def _listed(names: list[str]) -> str:
    return f"[{','.join(f'{chr(34)}{name}{chr(34)}' for name in names)}]"
