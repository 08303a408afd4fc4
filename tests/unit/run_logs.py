"""The log of a run as a host sends it, and a connection that sends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runnerops.errors import LinkLostError

CLOCK = "10.0\t\t-1\tnote\tclock 1000\n"


def line(kind: str, text: str = "", step: int = -1, name: str = "") -> str:
    return f"12.5\t{name}\t{step}\t{kind}\t{text}\n"


class Fake:
    """A link whose output is scripted: a text is sent, None breaks the connection."""

    def __init__(self, *chunks: str | None, status: int = 0) -> None:
        self.chunks = chunks
        self.status = status
        self.commands: list[Sequence[str]] = []

    def lines(self, command: Sequence[str], stdin: bytes) -> Iterator[bytes]:
        self.commands.append(command)
        assert isinstance(stdin, bytes)
        for chunk in self.chunks:
            if chunk is None:
                raise LinkLostError("h", "the connection was lost")
            yield from (part.encode() for part in chunk.splitlines(keepends=True))
