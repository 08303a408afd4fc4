"""Flags with which the Docker daemon of a Docker-in-Docker service does not start, or does not reach its mirror. Pure.

Source: the flags of moby's `dockerd`, tried with 20.10 and 28.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from runnerops.patterns import late_pattern

_LOOPBACK = late_pattern(r"https?://(?:localhost|127\.[\d.]+|0\.0\.0\.0|\[::1?\])(?![\w.-])")
MIRROR = "--registry-mirror"
SHADOWS = "is a network of the inner daemon, and has the address of its mirror: pulls go to Docker Hub"
_PLURALS = {
    "--registry-mirrors": MIRROR,
    "--insecure-registries": "--insecure-registry",
    "--default-address-pools": "--default-address-pool",
    "--log-opts": "--log-opt",
    "--storage-opts": "--storage-opt",
    "--labels": "--label",
    "--exec-opts": "--exec-opt",
}
"""Lists of daemon.json, each with the flag that adds one item."""


def wrong_flags(words: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """The index of each wrong word of a command, what is wrong with it, and the fix."""
    for index, word in enumerate(words):
        flag, sign, value = word.partition("=")
        if flag in _PLURALS:
            text = "is a key of daemon.json, and no flag of the daemon, which does not start"
            yield index, text, f"write {_PLURALS[flag]}{sign}{value}"
    mirrors = dict(values_at(words, MIRROR))
    for index, url in mirrors.items():
        if not url or any(sign in url for sign in ("$", "{{", "<")):
            continue
        if not url.startswith(("http://", "https://")):
            text = "a mirror must begin with http:// or https://: otherwise the daemon does not start"
            yield index, text, f"write http://{url.rpartition('//')[2]}"
        elif _LOOPBACK.match(url):
            text = (
                "localhost is the container of the service itself: no mirror answers there, so pulls go to Docker Hub"
            )
            yield index, text, "write an address that containers can reach"
    for index, network in inner_networks(words):
        for url in mirrors.values():
            if is_in(_host(url), network):
                yield index, SHADOWS, "write a network that nothing else uses"


def inner_networks(words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The networks that a command gives to the daemon, with the index of their word."""
    yield from values_at(words, "--bip")
    for index, text in values_at(words, "--default-address-pool"):
        fields = dict(field.partition("=")[::2] for field in text.split(","))
        yield index, fields.get("base", "")


def is_in(address: str, network: str) -> bool:
    """Whether an address is in a network; false if one of the texts is neither."""
    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return False


def values_at(words: Sequence[str], flag: str) -> Iterator[tuple[int, str]]:
    """The values of a flag, as `FLAG=VALUE` or in the next word, with the index of their word."""
    for index, word in enumerate(words):
        if word.startswith(f"{flag}="):
            yield index, word.partition("=")[2]
        elif index and words[index - 1] == flag:
            yield index, word


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
