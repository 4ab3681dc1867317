"""The network between a loader and the lakehouse, which can be cut.

Enters: ports of a server on loopback. Leaves: ports that lead there, until `cut`: then what is
under way is torn off, and who comes is refused.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.spark.processes import LOOPBACK

BYTES = 1 << 16


@dataclass
class Line:
    """Leads to one port."""

    to: int
    listener: socket.socket
    is_cut: bool = False
    ends: list[socket.socket] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                came, _ = self.listener.accept()
                self._join(came)

    def _join(self, came: socket.socket) -> None:
        if self.is_cut:
            came.close()
            return
        with suppress(OSError):
            there = socket.create_connection((LOOPBACK, self.to))
            self.ends += [came, there]
            for one, other in ((came, there), (there, came)):
                threading.Thread(target=_passed_on, args=(one, other), daemon=True).start()

    def tear(self) -> None:
        for end in self.ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.ends.clear()


def _passed_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while came := one.recv(BYTES):
            other.sendall(came)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Network:
    """Several lines, cut together."""

    lines: tuple[Line, ...]

    @property
    def ports(self) -> list[int]:
        return [line.port for line in self.lines]

    @contextmanager
    def cut(self) -> Iterator[None]:
        for line in self.lines:
            line.is_cut = True
            line.tear()
        try:
            yield
        finally:
            for line in self.lines:
                line.is_cut = False


@contextmanager
def network(*ports: int) -> Iterator[Network]:
    """A line to each of these."""
    lines = tuple(Line(port, socket.create_server((LOOPBACK, 0))) for port in ports)
    for line in lines:
        threading.Thread(target=line.serve, daemon=True).start()
    try:
        yield Network(lines)
    finally:
        for line in lines:
            line.listener.close()
            line.tear()
