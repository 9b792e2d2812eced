"""Limits of what one connection may hold, and of how long it may keep us waiting.

uvicorn has no time limits for headers, bodies and readers. Its protocol is given them here, by one look per
second at all connections: there is no timer that a client could reset by sending single bytes.
"""

import fcntl
import socket
import struct
import termios
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_S: Final = 10.0
HEADER_BYTES: Final = 16 * 1024
# A body must bring so many bytes in each span of so many seconds in which we were ready to take them.
BODY_S: Final = 10.0
BODY_BYTES: Final = 10_000
# Of what waits for it, a reader must take all or so many bytes in each span of so many seconds.
READER_S: Final = 15.0
READER_BYTES: Final = 10_000
# After an answer that did not wait for the body, the rest is thrown away for so long, and so much of it: a
# client that is still sending would otherwise see a reset instead of the answer.
REST_S: Final = 3.0
REST_BYTES: Final = 256 * 1024 * 1024
WRITE_BUFFER_BYTES: Final = 64 * 1024
# What the kernel may hold of an answer that is not yet on its way.
UNSENT_BYTES: Final = 128 * 1024
CONNECTIONS: Final = 4000
IDLE_S: Final = 5
# A proxy keeps its connections for a minute, and must be the one that closes them.
IDLE_BEHIND_PROXY_S: Final = 75
_LINGER_NOT = struct.pack("ii", 1, 0)
# Of struct tcp_info in linux/tcp.h: tcpi_bytes_acked, a 64-bit number.
_ACKED_AT: Final = 120


class Connections:
    """The number of connections of all processes together; each writes its own.

    Args:
        counts: one number per process, in shared memory.
        index: this process.
    """

    def __init__(self, counts: "memoryview[int]", index: int) -> None:
        self._counts, self._index = counts, index

    def set(self, count: int) -> bool:
        """Note how many this process has, and return whether all together have too many."""
        self._counts[self._index] = count
        return sum(self._counts) > CONNECTIONS


@dataclass
class Clock:
    """The times since which a connection waits for something, in seconds of the event loop.

    Attributes:
        headers_since: a request has begun, or nothing has come yet. None: no headers are awaited.
        header_bytes: what has come of them.
        body_since, body_bytes: the span in which the body is measured, and what has come in it.
        reading_since: begin of the span in which the reader is measured. None: nothing waits for it.
        taken, taken_before: what it has taken in all, now and at the begin of the span.
        rest_since, rest_bytes: when an answer was complete before its request was, and what came since.
        moved_at: the last time that the peer sent or took anything.
    """

    headers_since: float | None
    moved_at: float
    header_bytes: int = 0
    body_since: float = 0.0
    body_bytes: int = 0
    reading_since: float | None = None
    taken: int = 0
    taken_before: int = 0
    rest_since: float | None = None
    rest_bytes: int = 0


class PatientProtocol(HttpToolsProtocol):
    """One connection of uvicorn's, with time limits. Subclasses are made by `with_limits`."""

    all_connections: Connections
    clock: Clock

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        now = self.loop.time()
        self.clock = Clock(headers_since=now, moved_at=now)
        transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        accepted: socket.socket = transport.get_extra_info("socket")
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        if self.all_connections.set(len(self.connections)):
            ours = [one for one in self.connections if isinstance(one, PatientProtocol)]
            waiting = [one for one in ours if one.is_waiting()]
            min(waiting, key=lambda one: one.clock.moved_at, default=self).cut()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.all_connections.set(len(self.connections))

    def data_received(self, data: bytes) -> None:
        clock = self.clock
        clock.moved_at = self.loop.time()
        cycle = self.cycle
        if clock.headers_since is None and (
            cycle is None or (cycle.response_complete and not cycle.more_body)
        ):
            clock.headers_since = clock.moved_at  # also for empty lines between two requests
        awaited = clock.headers_since is not None
        super().data_received(data)
        if awaited and clock.headers_since is not None and not self.transport.is_closing():
            clock.header_bytes += len(data)
            if clock.header_bytes > HEADER_BYTES:
                self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.clock.headers_since = self.clock.headers_since or self.loop.time()

    def on_headers_complete(self) -> None:
        clock = self.clock
        length = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        clock.headers_since, clock.header_bytes = None, 0
        clock.body_since, clock.body_bytes = self.loop.time(), 0
        clock.rest_since, clock.rest_bytes = None, 0
        if length > HEADER_BYTES:
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            raise ValueError("too many bytes of headers")  # ends the parser
        super().on_headers_complete()
        # For whoever answers: what was received when the connection broke, and a way to break it.
        self.scope["state"]["cycle"] = self.cycle
        self.scope["state"]["connection"] = self

    def on_body(self, body: bytes) -> None:
        self.clock.body_bytes += len(body)
        super().on_body(body)
        if self.cycle.response_complete:
            self.clock.rest_bytes += len(body)
            if self.clock.rest_bytes > REST_BYTES and not self.transport.is_closing():
                self.cut()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.cycle.more_body = False  # also of a body that came after its answer

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def look(self, now: float) -> None:
        """End this connection if it has kept us waiting for too long."""
        clock, cycle = self.clock, self.cycle
        if self._reads_too_slowly(now):
            self.cut()
        elif self.transport.is_closing():
            return
        elif clock.headers_since is not None and now - clock.headers_since > HEADERS_S:
            self.refuse(HTTPStatus.REQUEST_TIMEOUT)
        elif cycle is None or not cycle.more_body:
            return
        elif cycle.response_complete:
            clock.rest_since = clock.rest_since or now
            if now - clock.rest_since > REST_S:
                self.cut()
        elif self.flow.read_paused or cycle.waiting_for_100_continue:
            clock.body_since, clock.body_bytes = now, 0
        elif now - clock.body_since > BODY_S:
            if clock.body_bytes < BODY_BYTES:
                self.refuse(HTTPStatus.REQUEST_TIMEOUT)
            clock.body_since, clock.body_bytes = now, 0

    def _reads_too_slowly(self, now: float) -> bool:
        """Return whether the peer leaves too much of an answer with us, or with the kernel, for too long."""
        clock, accepted = self.clock, self.transport.get_extra_info("socket")
        if accepted is None or accepted.fileno() < 0:
            return False
        kept = fcntl.ioctl(accepted.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        if not self.transport.get_write_buffer_size() and not struct.unpack("i", kept)[0]:
            clock.reading_since = None
            return False
        taken = _acknowledged(accepted)
        if taken != clock.taken:
            clock.taken, clock.moved_at = taken, now
        if clock.reading_since is None:
            clock.reading_since, clock.taken_before = now, taken
        elif now - clock.reading_since > READER_S:
            if taken - clock.taken_before < READER_BYTES:
                return True
            clock.reading_since, clock.taken_before = now, taken
        return False

    def is_waiting(self) -> bool:
        """Return whether it is the peer's turn to send or to take something."""
        return self.cycle is None or self.cycle.more_body or self.cycle.response_started

    def refuse(self, status: HTTPStatus) -> None:
        """Say why, where no answer has begun, and close."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            line = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            )
            self.transport.write(line.encode())
            self.transport.close()
        else:
            self.cut()

    def cut(self) -> None:
        """Drop the connection and what the kernel holds for it: an orderly end would wait for the peer."""
        accepted = self.transport.get_extra_info("socket")
        if accepted is not None and accepted.fileno() >= 0:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.transport.abort()


def _acknowledged(connection: socket.socket) -> int:
    """Return how many bytes the peer has taken since the connection began."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ACKED_AT + 8)
    found: int = struct.unpack_from("Q", info, _ACKED_AT)[0]
    return found


def with_limits(connections: Connections) -> type[PatientProtocol]:
    """Return the protocol class of one process."""
    return type("Protocol", (PatientProtocol,), {"all_connections": connections})


class LookingServer(Server):
    """uvicorn's server: it looks at its connections every second, and calls `often` ten times per second."""

    def __init__(self, config: Config, often: Any) -> None:
        super().__init__(config)
        self._often = often

    async def on_tick(self, counter: int) -> bool:
        self._often()
        if counter % 10 == 0 and self.server_state.connections:
            for connection in list(self.server_state.connections):
                assert isinstance(connection, PatientProtocol)
                connection.look(connection.loop.time())
        return await super().on_tick(counter)
