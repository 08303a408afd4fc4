"""A TCP proxy that is a slow line, and one that can be cut: for latency tests, lost connections, and benchmarks.

    with Proxy("192.0.2.7", 22, delay=0.025) as proxy:
        ...                     # connect to 127.0.0.1, proxy.port: 50 ms a round trip
        proxy.cut()             # every connection is reset, new ones are refused
        proxy.restore()

Listens on loopback only. The delay is a line's, not a brake: chunks overtake nothing and wait side by side.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import Any, Self

CHUNK = 65536


class Proxy:
    """Forwards to `host`:`port`; each chunk arrives `delay` seconds late, each way. May be changed while it runs."""

    def __init__(self, host: str, port: int, delay: float = 0.0, listen: str = "127.0.0.1") -> None:
        self.target = (host, port)
        self.listen = listen
        self.delay = delay
        self.port = 0
        self.connections = 0
        self.bytes = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lab-proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._answering = asyncio.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._open())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def cut(self) -> None:
        """Reset every connection and refuse new ones."""
        self._do(self._close())

    def freeze(self) -> None:
        """Forward nothing more, and close nothing: a line that went dead."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def hold_answers(self) -> None:
        """Forward nothing more of what the target sends, until `restore`."""
        self._loop.call_soon_threadsafe(self._answering.clear)

    def restore(self) -> None:
        """Flow again, and take connections on the same port again."""
        self._do(self._open())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _open(self) -> None:
        self._flowing.set()
        self._answering.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, self.listen, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            reset(writer)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        self.connections += 1
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target)
            self._writers.add(far_writer)
            try:
                onward, back = (self._flowing,), (self._flowing, self._answering)
                await asyncio.gather(self._carry(reader, far_writer, onward), self._carry(far_reader, writer, back))
                far_writer.close()
                writer.close()
            finally:
                self._writers.discard(far_writer)
                reset(far_writer)
        except (OSError, asyncio.CancelledError):
            pass  # the near end sees it as a reset
        finally:
            self._writers.discard(writer)
            reset(writer)
            self._tasks.discard(task)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gates: Sequence[asyncio.Event]
    ) -> None:
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=1024)
        arriving = asyncio.ensure_future(self._arrive(line, writer, gates))
        try:
            while chunk := await reader.read(CHUNK):
                await line.put((self._loop.time() + self.delay, chunk))
            await line.put((self._loop.time() + self.delay, b""))
            await arriving
        finally:
            arriving.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await arriving

    async def _arrive(
        self, line: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter, gates: Sequence[asyncio.Event]
    ) -> None:
        while True:
            due, chunk = await line.get()
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            for gate in gates:
                await gate.wait()
            if not chunk:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            self.bytes += len(chunk)
            writer.write(chunk)
            await writer.drain()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close at once, so that the other end sees a reset; nothing where it is closed already."""
    if not writer.is_closing():
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
