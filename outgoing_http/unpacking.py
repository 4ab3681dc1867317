"""The body of an answer, collected and unpacked piece by piece within a limit.

Enters: pieces as they come. Leaves: the body; or TooLong before more than the limit is in memory. A
piece of 64 KB of gzip can unpack to 64 MB: it is unpacked no further than the limit.
"""

import zlib

GZIP = ("gzip", "x-gzip")
PLAIN = ("", "identity")


class TooLong(Exception):
    """More than the limit, packed or unpacked."""


class Unreadable(Exception):
    """The body is packed in a way that was not asked for, or broken."""


class Body:
    """`encoding` as the answer names it."""

    def __init__(self, encoding: str, *, limit: int) -> None:
        packed = encoding.strip().lower()
        if packed not in GZIP + PLAIN:
            raise Unreadable("an answer packed in another way than asked for")
        self._unpacker = _gzip() if packed in GZIP else None
        self._ended = True  # between two members of gzip, or before the first
        self._limit = limit
        self._came = 0
        self._content = bytearray()

    def add(self, piece: bytes) -> None:
        """Raises TooLong, Unreadable."""
        self._came += len(piece)
        if self._came > self._limit:
            raise TooLong
        if self._unpacker is None:
            self._content += piece
            return
        try:
            self._unpack(piece)
        except zlib.error:
            raise Unreadable("an answer that cannot be unpacked") from None

    def whole(self) -> bytes:
        """The body once all pieces are in."""
        if not self._ended:
            raise Unreadable("an answer that was cut short")
        return bytes(self._content)

    def _unpack(self, piece: bytes) -> None:
        """gzip may be several members, one after the other."""
        while piece and self._unpacker:
            # One byte more than fits: so it shows that it does not.
            self._content += self._unpacker.decompress(piece, self._room() + 1)
            if self._room() < 0:
                raise TooLong
            self._ended = self._unpacker.eof
            piece = self._unpacker.unused_data
            if self._ended:
                self._unpacker = _gzip()

    def _room(self) -> int:
        return self._limit - len(self._content)


def _gzip() -> "zlib._Decompress":
    return zlib.decompressobj(zlib.MAX_WBITS | 16)
