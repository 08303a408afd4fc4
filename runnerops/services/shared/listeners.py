"""Which processes listen where on a host, and whether two addresses conflict. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runnerops.patterns import late_pattern

_PROCESS = late_pattern(r'users:\(\("([^"]+)"')
_WILD = frozenset({"", "0.0.0.0", "::", "*"})  # noqa: S104  compared, not bound


def listeners(text: str) -> Iterator[tuple[str, str]]:
    """`ADDRESS:PORT` and the process, of `ss -Hltnp`: state, two queues, the local address, the peer's, the process."""
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 5:
            process = _PROCESS.search(line)
            yield words[3].replace("*:", "0.0.0.0:", 1), process[1] if process else ""


def overlap(listening: Iterable[str], address: str, port: str) -> bool:
    """Whether one of these `ADDRESS:PORT` prevents others from listening at that address and port."""
    return any(
        port_there == port and _meet(address_there, address) for address_there, port_there in map(split, listening)
    )


def bare(address: str) -> str:
    """The address without brackets; for `localhost`, its address."""
    return "127.0.0.1" if address == "localhost" else address.strip("[]")


def split(text: str) -> tuple[str, str]:
    """The address without brackets, and the port."""
    address, _, port = text.rpartition(":")
    return address.strip("[]").partition("%")[0], port


def _meet(first: str, second: str) -> bool:
    return first == second or first in _WILD or second in _WILD
