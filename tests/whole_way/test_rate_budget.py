"""One budget for all processes: never exceeded, paused for everybody, nothing lost by a kill."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from outgoing_http.rate_budget import BudgetSpent, RateBudget
from outgoing_http.rate_limit_headers import remaining, seconds_asked

SPENDER = """
import sys, time
from pathlib import Path
from outgoing_http.rate_budget import RateBudget
budget = RateBudget(Path(sys.argv[1]), per_second=float(sys.argv[2]), burst=5)
end = time.time() + float(sys.argv[3])
while time.time() < end:
    wait = budget.take()
    if wait:
        time.sleep(min(wait, 0.01))
    else:
        print(time.time(), flush=True)
"""


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def budget(folder: Path, clock: Clock, per_second: float | None = 2.0) -> RateBudget:
    return RateBudget(folder / "a.budget", per_second=per_second, burst=4, clock=clock)


def taken(one: RateBudget, tries: int = 20, cost: float = 1.0) -> int:
    return sum(one.take(cost) == 0.0 for _ in range(tries))


def test_a_burst_then_the_rate(tmp_path: Path, clock: Clock) -> None:
    one, other = budget(tmp_path, clock), budget(tmp_path, clock)
    assert taken(one) == 4
    assert other.take() == pytest.approx(0.5)
    clock.now += 1
    assert taken(one) + taken(other) == 2
    clock.now += 3600
    assert taken(other, cost=2.0) == 2


def test_a_pause_holds_for_everybody_and_the_longer_one_wins(tmp_path: Path, clock: Clock) -> None:
    one, other = budget(tmp_path, clock), budget(tmp_path, clock)
    one.pause(60)
    other.pause(5)
    assert other.take() == 60.0
    with pytest.raises(BudgetSpent) as spent:
        other.wait(patience=59)
    assert spent.value.seconds == 60.0
    clock.now += 60
    assert other.take() == 0.0


def test_without_a_known_rate_only_pauses_count(tmp_path: Path, clock: Clock) -> None:
    one = budget(tmp_path, clock, per_second=None)
    assert taken(one, 100) == 100
    one.lower(0)
    assert taken(one, 100) == 100
    one.pause(1)
    assert one.take() == pytest.approx(1)


def test_what_the_server_has_left_is_the_most_there_is(tmp_path: Path, clock: Clock) -> None:
    one = budget(tmp_path, clock)
    one.lower(1)
    assert taken(one) == 1
    one.lower(100)
    assert taken(one) == 0


@pytest.mark.parametrize("damage", [b"", b"short", b"\xff" * 24])
def test_a_damaged_file_is_a_new_one(tmp_path: Path, clock: Clock, damage: bytes) -> None:
    (tmp_path / "a.budget").write_bytes(damage)
    assert taken(budget(tmp_path, clock)) == 4


def test_a_clock_set_back_neither_fills_nor_stops(tmp_path: Path, clock: Clock) -> None:
    one = budget(tmp_path, clock)
    taken(one)
    one.pause(3600)
    clock.now -= 10 * 86_400
    assert one.take() == pytest.approx(0.5)
    clock.now += 1
    assert taken(one) == 2


def test_no_minute_has_more_requests_than_allowed(tmp_path: Path) -> None:
    clock = Clock()
    one = RateBudget.per_minute(tmp_path, server="x", requests=1000)
    one._clock = clock
    moments = []
    while clock.now < 1_750_000_300:
        wait = one.take()
        if wait:
            clock.now += wait
        else:
            moments.append(clock.now)
    for start in range(0, 240, 7):
        begin = 1_750_000_000 + start
        assert sum(begin <= moment < begin + 60 for moment in moments) <= 1000
    assert len(moments) > 4500


def test_processes_share_one_budget_though_one_is_killed(tmp_path: Path) -> None:
    path, rate, seconds = tmp_path / "a.budget", 100, 1.5
    spenders = [
        subprocess.Popen(
            [sys.executable, "-c", SPENDER, str(path), str(rate), str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(3)
    ]
    assert spenders[0].stdout is not None
    spenders[0].stdout.readline()
    time.sleep(0.3)
    os.kill(spenders[0].pid, signal.SIGKILL)
    outputs = [spender.communicate(timeout=30)[0] for spender in spenders]
    moments = sorted(float(line) for text in outputs for line in text.split())
    for first in moments:
        within = sum(first <= moment < first + 0.5 for moment in moments)
        assert within <= 5 + rate * 0.5 + 3, f"{within} in half a second"
    assert len(moments) > rate * 0.8


def test_the_file_is_private_and_its_name_tells_nothing(tmp_path: Path) -> None:
    RateBudget.of(tmp_path / "limits", server="acme s3cr", per_second=1).take()
    (path,) = (tmp_path / "limits").iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert "acme" not in path.name


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "1.5", "RateLimit-Reset": "30"}, 1.5),
        ({"Retry-After": "Sun, 15 Jun 2025 00:00:20 GMT"}, 20),
        ({"Retry-After": "soon", "RateLimit-Reset": "30"}, None),
        ({"Retry-After": "-1"}, None),
        ({"RateLimit-Reset": "30"}, 30),
        ({"RateLimit-Reset": "1749945630"}, 30),
        ({"X-RateLimit-Reset": "nan"}, None),
    ],
)
def test_the_headers_say_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert seconds_asked(headers, now=1_749_945_600) == seconds
    assert remaining(headers) is None
    assert remaining({"RateLimit-Remaining": "0"}) == 0
