"""curl and wget, simulated: caches, the runner's page, and an Internet that is made up. Nothing is sent anywhere."""

from __future__ import annotations

import json
import sys
from urllib.parse import parse_qs, urlsplit

from runnerops.demo.simulated import containers, runner
from runnerops.demo.simulated.world import Refused, World, path, world

_VALUED = {
    "curl": {"-m", "-o", "-w", "-X", "-H", "-u", "--noproxy", "--unix-socket", "--max-time", "--connect-timeout"},
    "wget": {"-T", "-O", "-t", "--header"},
}


def curl(words: list[str]) -> int:
    """Status 7 and 6 where nothing answers, 22 where the answer is an error and `-f` was given."""
    options, urls = _split(words, _VALUED["curl"])
    fails = any(word.startswith("-") and not word.startswith("--") and "f" in word for word in words)
    with world() as here:
        for url in urls:
            status, body = _get(here, url)
            if fails and status >= 400:
                raise Refused(f"curl: (22) The requested URL returned error: {status}", 22)
            _put(options.get("-o", "-"), body)
            sys.stdout.write(options.get("-w", "").replace("%{http_code}", str(status)).replace("\\n", "\n"))
    return 0


def wget(words: list[str]) -> int:
    """Status 4 where nothing answers, 8 where the answer is an error."""
    options, urls = _split(words, _VALUED["wget"])
    with world() as here:
        for url in urls:
            try:
                status, body = _get(here, url)
            except Refused as refusal:
                raise Refused(str(refusal).replace("curl: (7) ", "wget: "), 4) from None
            if status >= 400:
                raise Refused(f"wget: server returned error: HTTP/1.1 {status}", 8)
            _put(options.get("-O", "index.html"), body)
    return 0


def _split(words: list[str], valued: set[str]) -> tuple[dict[str, str], list[str]]:
    """Options that take a value, and the URLs."""
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
        path(place).write_text(body)


def _get(here: World, url: str) -> tuple[int, str]:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if host in here.data["upstreams"]:
        return containers.UPSTREAM_ANSWERS, json.dumps({"errors": [{"code": "UNAUTHORIZED"}]})
    for one in here.engine["containers"]:
        if one["State"]["Running"] and _bound(here, one, host, port) and one["Serves"]:
            return _registry(here, one, parts.path, parse_qs(parts.query))
    page = here.runner["page"] if here.units[runner.UNIT]["active"] == "active" else ""
    if page and _same(page, host, port) and parts.path == "/metrics":
        return 200, runner.metrics(here)
    if not host.replace(".", "").isdecimal() and host != "localhost":
        raise Refused(f"curl: (6) Could not resolve host: {host}", 6)
    raise Refused(f"curl: (7) Failed to connect to {host} port {port} after 0 ms: Could not connect to server", 7)


def _bound(here: World, one: dict[str, object], host: str, port: int) -> bool:
    wild = ("0.0.0.0", "")  # noqa: S104  compared, not bound
    own = [*containers.addresses(here), "127.0.0.1", "localhost"]
    return any(
        str(port) == published and (address == host or (address in wild and host in own))
        for address, published in containers.ports(one)
    )


def _same(page: str, host: str, port: int) -> bool:
    address, colon, number = page.rpartition(":")
    return (address if colon else page) in ("", host) and (number if colon else "9252") == str(port)


def _registry(here: World, one: dict[str, object], place: str, query: dict[str, list[str]]) -> tuple[int, str]:
    serves = one["Serves"]
    assert isinstance(serves, dict)
    cached = here.engine["volumes"].get(serves["volume"], {}).get("repositories", [])
    if place in {"/v2", "/v2/"}:
        return 200, "{}"
    if place == "/v2/_catalog":
        most = int(query.get("n", ["100"])[0])
        return 200, json.dumps({"repositories": sorted(cached)[:most]}, separators=(",", ":")) + "\n"
    name = place.removeprefix("/v2/").removesuffix("/tags/list")
    tags = here.data["hub"].get(name)
    if place.endswith("/tags/list") and tags:
        return 200, json.dumps({"name": name, "tags": tags}, separators=(",", ":")) + "\n"
    return 404, json.dumps({"errors": [{"code": "NAME_UNKNOWN"}]}, separators=(",", ":")) + "\n"
