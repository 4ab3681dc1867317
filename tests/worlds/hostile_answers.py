"""Answers that never end, or not in reasonable time or size, written to a socket as they are."""

import gzip
import time
from collections.abc import Callable
from functools import cache

Write = Callable[[bytes], object]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PIECE = b" " * 65_536
MOST_SECONDS = 3.0  # a client that is still there then fails its test by itself
BYTE_SECONDS = 0.05


@cache
def bomb() -> bytes:
    """100 MiB of blanks in 100 KB."""
    return gzip.compress(b" " * (100 << 20))


def for_a_while(write: Write, piece: bytes, pause: float = 0.0) -> None:
    until = time.monotonic() + MOST_SECONDS
    while time.monotonic() < until:
        write(piece)
        time.sleep(pause)


def endless(write: Write) -> None:
    write(OK + b"\r\n")
    for_a_while(write, PIECE)


def endless_chunks_of_a_byte(write: Write) -> None:
    write(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    for_a_while(write, b"1\r\n \r\n" * 10_000)


def trickling(write: Write) -> None:
    write(OK + b"Content-Length: 1000000\r\n\r\n")
    for_a_while(write, b" ", BYTE_SECONDS)


def packed(write: Write) -> None:
    write(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb()) + bomb())


def packed_members(write: Write) -> None:
    """Each of them small, and no end of them."""
    write(OK + b"Content-Encoding: gzip\r\n\r\n")
    for_a_while(write, gzip.compress(b"") * 1_000)


def packed_otherwise(write: Write) -> None:
    write(OK + b"Content-Encoding: br\r\nContent-Length: 2\r\n\r\n{}")


def broken_gzip(write: Write) -> None:
    write(OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}")


def long_headers(write: Write) -> None:
    write(OK)
    for_a_while(write, b"X-Long: " + PIECE + b"\r\n")


def trickling_headers(write: Write) -> None:
    write(OK)
    for_a_while(write, b"X: y\r\n", BYTE_SECONDS)


def endless_continue(write: Write) -> None:
    for_a_while(write, b"HTTP/1.1 100 Continue\r\n\r\n", 0.001)


HOSTILE: dict[str, Callable[[Write], None]] = {
    made.__name__: made
    for made in (
        endless,
        endless_chunks_of_a_byte,
        trickling,
        packed,
        packed_members,
        packed_otherwise,
        broken_gzip,
        long_headers,
        trickling_headers,
        endless_continue,
    )
}
