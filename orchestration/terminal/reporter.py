"""Who is told how a refresh goes on: a terminal, plain lines, or Dagster's log.

Enters: progress from the stages. Leaves: nothing but text. A reporter decides nothing.
"""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from reverse_sync.values.counted import counted
from reverse_sync.values.tracking import SettingChange


class Reporter(Protocol):
    """Hears of progress; all methods may be called from any stage at any rate."""

    def waiting(self, holder: str) -> None: ...
    def waiting_to_send(self, holder: str) -> None: ...
    def loaded(self, stream: str, objects: int) -> None: ...
    def built(self, node: str) -> None: ...
    def delivered(self, done: int, total: int) -> None: ...
    def overrode(self, change: SettingChange) -> None: ...
    def upgraded(self, what: str) -> None: ...


class LogReporter:
    """One line each few seconds: for logs and where there is no terminal."""

    def __init__(self, write: Callable[[str], None], every_seconds: float = 5.0) -> None:
        self._write = write
        self._every = every_seconds
        self._last = time.monotonic()
        self._built = 0

    def waiting(self, holder: str) -> None:
        self._write(f"waiting for the warehouse: in use by {holder}")

    def waiting_to_send(self, holder: str) -> None:
        self._write(f"waiting for the account store: in use by {holder}")

    def loaded(self, stream: str, objects: int) -> None:
        self._now_and_then(f"{stream}: {counted(objects, 'object')} read")

    def built(self, node: str) -> None:
        self._built += 1
        self._now_and_then(f"models and tests done: {self._built}, the last {node}")

    def delivered(self, done: int, total: int) -> None:
        self._now_and_then(f"{done:,} of {counted(total, 'account')} sent")

    def overrode(self, change: SettingChange) -> None:
        self._write(_overrode(change))

    def upgraded(self, what: str) -> None:
        self._write(what)

    def _now_and_then(self, line: str) -> None:
        if time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            self._write(line)


class TerminalReporter:
    """Live progress with rich: objects a second for each stream, models, accounts."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<28}"),
            TextColumn("{task.completed:>11,.0f}"),
            TextColumn("{task.fields[rate]}"),
            console=console,
        )
        self._tasks: dict[str, tuple[int, float]] = {}

    def __enter__(self) -> "TerminalReporter":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def waiting(self, holder: str) -> None:
        self._console.print(f"waiting for the warehouse: in use by {holder}", style="yellow")

    def waiting_to_send(self, holder: str) -> None:
        self._console.print(f"waiting for the account store: in use by {holder}", style="yellow")

    def loaded(self, stream: str, objects: int) -> None:
        self._advance(f"reading {stream}", objects, unit="objects")

    def built(self, node: str) -> None:  # noqa: ARG002 - the count says enough
        name = "building models and tests"
        task = self._tasks.get(name)
        done = self._progress.tasks[task[0]].completed if task else 0
        self._advance(name, int(done) + 1, unit="nodes")

    def delivered(self, done: int, total: int) -> None:
        self._advance("sending accounts", done, unit="accounts", total=total)

    def overrode(self, change: SettingChange) -> None:
        self._console.print(_overrode(change), style="yellow", highlight=False)

    def upgraded(self, what: str) -> None:
        self._console.print(what, style="yellow", highlight=False)

    def _advance(self, name: str, done: int, *, unit: str, total: int | None = None) -> None:
        if name not in self._tasks:
            task = self._progress.add_task(name, total=total, rate="")
            self._tasks[name] = (int(task), time.monotonic())
        task_id, started = self._tasks[name]
        rate = done / max(time.monotonic() - started, 0.001)
        self._progress.update(
            self._progress.tasks[task_id].id,
            completed=done,
            rate=f"{rate:>9,.0f} {unit}/s",
        )


def log_reporter(logger: logging.Logger) -> LogReporter:
    return LogReporter(logger.info)


def _overrode(change: SettingChange) -> str:
    was = (change.old.trait if change.old else None) or "no trait"
    return (
        f"tracking of {change.new.aspect} read {was} and now reads"
        f" {change.new.trait or 'no trait'}; `stripe-traits tracking` shows all, and what can be"
        " restored"
    )
