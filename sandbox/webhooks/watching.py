"""Events as their readers see them: `pending_webhooks` counts the endpoints that wait for them.

Enters: a reader. Leaves: a reader. The stored events are left as they are.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import orjson

from sandbox.storage.reading import Page, Reader, Window
from sandbox.webhooks import ledger


class Watched(Reader):
    """A reader that knows what is owed."""

    def __init__(self, held: Reader) -> None:
        self.held, self.kinds = held, held.kinds

    def db(self) -> Any:
        return self.held.db()

    def texts(self, kind: str, ids: Iterable[str]) -> dict[str, bytes]:
        held = self.held.texts(kind, ids)
        if kind != "event":
            return held
        return {identity: self._counted(identity, text) for identity, text in held.items()}

    def page(self, kind: str, window: Window) -> Page:
        page = self.held.page(kind, window)
        if kind != "event":
            return page
        counted = map(self._counted, page.ids, page.texts)
        return replace(page, texts=list(counted))

    def _counted(self, event: str, text: bytes) -> bytes:
        owed = ledger.pending(self, event)
        return orjson.dumps(orjson.loads(text) | {"pending_webhooks": owed}) if owed else text
