"""The body of a delivery: an event in its endpoint's version.

Enters: a store, an event's id, an endpoint. Leaves: the bytes that are signed and sent.
"""

import orjson

from sandbox import changes
from sandbox.shapes import API_VERSION, Json
from sandbox.storage import versions
from sandbox.storage.store import Store
from sandbox.webhooks import ledger
from sandbox.webhooks.registry import Endpoint


def body(store: Store, event: Json, endpoint: Endpoint) -> bytes:
    """As Stripe sends it: indented, with the account if that is a connected one."""
    shown = _at(store, event, endpoint.object["api_version"] or event["api_version"])
    shown["pending_webhooks"] = max(1, ledger.pending(store, event["id"]))
    if endpoint.connect:
        shown["account"] = store.account_id
    text = orjson.dumps(shown, option=orjson.OPT_INDENT_2)
    if endpoint.object["livemode"]:
        text = text.replace(b'"livemode": false', b'"livemode": true')
    return text


def _at(store: Store, event: Json, version: str) -> Json:
    """From what was kept of it at the pin; an event that was put by hand stays as it is."""
    found = store.one("SELECT json FROM originals WHERE event = ?", event["id"])
    if version == event["api_version"] or not (found or event["api_version"] == API_VERSION):
        return dict(event)
    original: Json = orjson.loads(found[0]) if found else event["data"]
    return event | {"api_version": version, "data": _rendered(store, original, version)}


def _rendered(store: Store, data: Json, version: str) -> Json:
    if version == API_VERSION:
        return data
    after = versions.shown_at(store, version, data["object"])
    if "previous_attributes" not in data:
        return {"object": after}
    former = _before(data["object"], data["previous_attributes"])
    before = versions.shown_at(store, version, former)
    return {"object": after, "previous_attributes": changes.previous_attributes(before, after)}


def _before(after: Json, previous: Json) -> Json:
    """The object as it was; inside nested objects only what changed is told."""
    result = dict(after)
    for key, value in previous.items():
        nested = isinstance(value, dict) and isinstance(after.get(key), dict)
        result[key] = _before(after[key], value) if nested else value
    return result
