"""Webhook endpoints: what can be written, field by field."""

import re
from pathlib import Path

from sandbox import builders, clock
from sandbox.books import Books
from sandbox.errors import StripeError
from sandbox.http import form
from sandbox.http.form import boolean, clearable, listed, merged, text
from sandbox.http.writing import Write
from sandbox.shapes import Json
from sandbox.storage.store import Store
from sandbox.storage.versions import check
from sandbox.webhooks import ledger, registry

# Every type that Stripe documents: an endpoint may want what this sandbox never sends.
TYPES = frozenset(Path(__file__).with_name("event_types.txt").read_text().split())
_MOST = 16  # endpoints of an account and mode


def _types(node: form.Node, name: str) -> list[str]:
    given: list[str] = listed(_type)(node, name)
    if not given:
        raise StripeError("Invalid array: at least one type of event", param=name)
    return given


def _type(node: form.Node, name: str) -> str:
    given = text(node, name)
    if given != "*" and given not in TYPES:
        raise StripeError(f"Invalid {name}: {given} is no type of event", param=name)
    return given


def _url(node: form.Node, name: str) -> str:
    """Loopback addresses and plain http too, which Stripe does not deliver to in live mode."""
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", given := text(node, name)):
        raise StripeError("Invalid URL: An explicit scheme (such as https) must be provided.",
                          code="url_invalid", param=name)  # fmt: skip
    return given


_BOTH = {
    "description": clearable(text),
    "enabled_events": _types,
    "metadata": form.metadata,
    "url": _url,
}
_NEW = _BOTH | {"api_version": lambda node, name: check(text(node, name)), "connect": boolean}
_CHANGED = _BOTH | {"disabled": boolean}


def _create(books: Books, _: str, values: Json) -> Json:
    """The one answer that shows the secret."""
    if books.store.count("webhook_endpoint") >= _MOST:
        raise StripeError(f"You have reached the maximum of {_MOST} webhook endpoints.")
    connect = values.pop("connect", False)
    values["metadata"] = merged({}, values.get("metadata", {}))
    made = books.put(
        builders.webhook_endpoint(
            id=books.new("we_1"), created=books.now, livemode=books.live, **values
        )
    )
    ledger.begin(books.store)
    return made | {"secret": registry.add(books.store, made["id"], connect=connect)}


def _update(books: Books, identity: str, values: Json) -> Json:
    held = books.get("webhook_endpoint", identity)
    if "disabled" in values:
        values["status"] = "disabled" if values.pop("disabled") else "enabled"
    values["metadata"] = merged(held["metadata"], values.get("metadata", {}))
    return books.put(held | values)


def _delete(books: Books, identity: str, _values: Json) -> Json:
    registry.remove(books.store, identity)
    return books.delete(books.get("webhook_endpoint", identity))


def registered(store: Store, url: str) -> str:
    """The secret of an endpoint for every event at an address; made if there is none yet."""
    books = Books(store, clock.now(store))
    for held in registry.endpoints(store, 0):
        if held.object["url"] == url and held.enabled:
            return held.secrets[0]
    return str(_create(books, "", {"url": url, "enabled_events": ["*"]})["secret"])


PATH = "/v1/webhook_endpoints"
WRITES = (
    Write("POST", PATH, _create, _NEW, ("enabled_events", "url")),
    Write("POST", f"{PATH}/{{id}}", _update, _CHANGED),
    Write("DELETE", f"{PATH}/{{id}}", _delete),
)
