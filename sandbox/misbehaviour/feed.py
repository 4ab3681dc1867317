"""Lists as a reader sees them: some events are not there yet, some objects in no list at all.

Enters: a reader, what is left out of lists, the sandbox's time. Leaves: a reader whose lists leave
it out. All of it is found by id at once, as a webhook would name an event.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.misbehaviour.faults import LateEvents
from sandbox.storage.reading import Page, Reader, Window
from sandbox.storage.store import Store

SLOTS = 20  # places of an event's id that a seed can draw by
_DIGITS = 4
_OBJECT = "json_extract(json, '$.data.object.id')"
RELEASED = "events released"
Now = Callable[[], int]


def release(store: Store) -> None:
    """Let every event show up that was made until now."""
    (newest,) = store.one("SELECT coalesce(max(rowid), 0) FROM events")
    store.note(RELEASED, str(newest))


class Feed:
    """Which events are late."""

    def __init__(self, settings: LateEvents, *, seed: int, now: Now) -> None:
        self.settings, self._now = settings, now
        self._place = 6 + seed % SLOTS  # ids are `evt_1` and 24 hexadecimal digits of a digest

    def shown(self, released: int) -> tuple[str, list[Any]]:
        """The SQL condition of an event that is in the feed, and its values."""
        settings = self.settings
        below = f"{min(int(settings.probability * 16**_DIGITS), 16**_DIGITS - 1):04x}"
        late = " OR ".join("type GLOB ?" for _ in settings.types)
        values: list[Any] = [released, *settings.types]
        if settings.objects != ("*",):
            named = " OR ".join([f"{_OBJECT} GLOB ?"] * len(settings.objects))
            late = f"({late}) AND ({named})"
            values += settings.objects
        condition = f"rowid <= ? OR NOT ({late})"
        if settings.probability < 1:
            condition += f" OR substr(id, ?, {_DIGITS}) >= ?"
            values += [self._place, below]
        if settings.seconds is not None:
            condition += " OR created <= ?"
            values.append(self._now() - settings.seconds)
        return f"({condition})", values


class LateFeed(Reader):
    """A reader in whose lists late events are missing."""

    def __init__(self, held: Reader, feed: Feed) -> None:
        self.held, self.feed, self.kinds = held, feed, held.kinds

    def db(self) -> Any:
        return self.held.db()

    def page(self, kind: str, window: Window) -> Page:
        if kind == "event":
            shown, bound = self.feed.shown(int(self.noted(RELEASED) or 0))
            window = replace(
                window,
                conditions=[*window.conditions, shown],
                values=[*window.values, *bound],
            )
        return super().page(kind, window)


class Unlisted(Reader):
    """A reader whose lists leave some ids out."""

    def __init__(self, held: Reader, ids: tuple[str, ...]) -> None:
        self.held, self.ids, self.kinds = held, ids, held.kinds

    def db(self) -> Any:
        return self.held.db()

    def page(self, kind: str, window: Window) -> Page:
        hidden = ["NOT id GLOB ?"] * len(self.ids)
        window = replace(
            window,
            conditions=[*window.conditions, *hidden],
            values=[*window.values, *self.ids],
        )
        return self.held.page(kind, window)
