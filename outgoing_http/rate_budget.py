"""A token bucket in a file: 24 bytes under `flock`, which the kernel frees when its holder dies.

Enters: how much a request costs, what the server said about its limit. Leaves: the seconds to wait,
0 for "go". Nobody reserves: who has to wait asks again, so that a pause holds for those who wait
already and a killed process leaves nothing behind but the tokens that it took.
"""

import fcntl
import hashlib
import math
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

STATE = struct.Struct("<ddd")
LONGEST_PAUSE = 86_400.0  # a longer one is a clock gone wrong, here or at the server
SHORTEST_WAIT = 0.001


class BudgetSpent(Exception):
    """The budget asks for a longer wait, in seconds, than the caller has patience for."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the rate budget asks for a wait of {seconds:.0f} s")
        self.seconds = seconds


@dataclass(frozen=True)
class _Bucket:
    tokens: float
    updated_at: float  # seconds since 1970, as paused_until
    paused_until: float


class RateBudget:
    """The budget of one server; any number of processes and threads may share its file.

    `per_second` is the rate (None: no limit is known, only pauses count), `burst` how many
    requests may go at once after a rest. The clock is the machine's, which its processes share.
    """

    def __init__(
        self,
        path: Path,
        *,
        per_second: float | None,
        burst: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._rate = math.inf if per_second is None else per_second
        self._burst = math.inf if per_second is None else max(burst, 1.0)
        self._clock = clock

    @classmethod
    def of(cls, folder: Path, *, server: str, per_second: float | None, burst: float = 1.0) -> Self:
        """The budget kept in the folder under a hash of the server's name (and key, if it counts
        by key): the name of the file tells nothing."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = hashlib.sha256(server.encode()).hexdigest()[:16]
        return cls(folder / f"{name}.budget", per_second=per_second, burst=burst)

    @classmethod
    def per_minute(cls, folder: Path, *, server: str, requests: float | None) -> Self:
        """At most so many requests in any minute: a twentieth at once, the rest evenly."""
        if requests is None:
            return cls.of(folder, server=server, per_second=None)
        burst = max(requests / 20, 1.0)
        rate = max(requests - burst, requests / 2) / 60
        return cls.of(folder, server=server, per_second=rate, burst=burst)

    def take(self, cost: float = 1.0) -> float:
        """0.0: taken, go. Else nothing was taken: ask again in so many seconds."""
        with self._locked() as file:
            bucket, now = self._read(file)
            pause = bucket.paused_until - now
            lack = min(cost, self._burst) - bucket.tokens
            if pause > 0 or lack > 0:
                _write(file, bucket)
                return max(pause, lack / self._rate if lack > 0 else 0, SHORTEST_WAIT)
            _write(file, replace(bucket, tokens=bucket.tokens - cost))
        return 0.0

    def wait(
        self,
        cost: float = 1.0,
        *,
        patience: float,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Blocks until the cost is taken; raises BudgetSpent before a wait of over `patience`
        seconds."""
        while seconds := self.take(cost):
            if seconds > patience:
                raise BudgetSpent(seconds)
            sleep(seconds)

    def pause(self, seconds: float) -> None:
        """Nobody goes for so many seconds: the server said so (Retry-After, RateLimit-Reset)."""
        with self._locked() as file:
            bucket, now = self._read(file)
            until = now + min(seconds, LONGEST_PAUSE)
            _write(file, replace(bucket, paused_until=max(bucket.paused_until, until)))

    def lower(self, remaining: float) -> None:
        """The server has no more than this left: others spend from the same limit."""
        with self._locked() as file:
            bucket, _ = self._read(file)
            _write(file, replace(bucket, tokens=min(bucket.tokens, remaining)))

    @contextmanager
    def _locked(self) -> Iterator[int]:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)

    def _read(self, file: int) -> tuple[_Bucket, float]:
        """The bucket filled up to now; a new one for a new or damaged file."""
        now = self._clock()
        raw = os.pread(file, STATE.size, 0)
        if len(raw) < STATE.size or any(map(math.isnan, STATE.unpack(raw))):
            return _Bucket(self._burst, now, 0.0), now
        tokens, updated_at, paused_until = STATE.unpack(raw)
        rested = max(now - updated_at, 0.0)  # a clock that was set back fills nothing
        if math.isinf(self._rate):
            tokens = math.inf
        else:
            tokens = min(tokens + rested * self._rate, self._burst)
        if paused_until - now > LONGEST_PAUSE:
            paused_until = 0.0
        # A clock that was set back does not make a pause longer.
        paused_until -= max(updated_at - now, 0.0)
        return _Bucket(tokens, now, paused_until), now


def _write(file: int, bucket: _Bucket) -> None:
    os.pwrite(file, STATE.pack(bucket.tokens, bucket.updated_at, bucket.paused_until), 0)
