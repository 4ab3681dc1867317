"""The Vitally store: `PUT /resources/accounts/{externalId}`, and `POST` where that is unknown.

Enters: writes. Leaves: accounts whose reply shows what was sent; any other reply is a refusal.
Traits are merged by Vitally, null clears one. The trait that tracks revenue is null, never 0,
unless the account is subscribed: any value would mark it as subscribed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from outgoing_http.answers import Answer
from reverse_sync.stores.account_store import AccountWrite, Refusal, StoredAccount
from reverse_sync.stores.http.client import HttpClient, Unanswered
from reverse_sync.stores.http.request_groups import Answers, Delivered, Group, GroupRefused, deliver
from reverse_sync.stores.http.store import Batch
from reverse_sync.values.lifecycle import Lifecycle
from reverse_sync.values.tracking import Tracking
from reverse_sync.values.traits import (
    NAMESPACE,
    InvalidTraits,
    Traits,
    Value,
    json_text,
    parse_json,
    same,
)

CONCURRENCY = 8
PAGE = 100
REQUESTS_PER_MINUTE = 1_000.0
LATER = (404, 409)
ACCOUNTS = "/resources/accounts"


class Vitally:
    """The channel to a Vitally workspace; `named` gives the name that a trait of ours has there."""

    batch_size = 50
    confirms = True

    def __init__(self, client: HttpClient, *, named: Callable[[str], str | None]) -> None:
        self._client = client
        self._named = named

    def deliver(self, batch: Batch) -> Delivered:
        revenue = self._revenue_trait(batch.tracking)

        def send(group: Group) -> Answers:
            (write,) = group
            try:
                self._send(write, batch.known.get(write.account_id), revenue)
            except InvalidTraits as error:
                raise GroupRefused(Refusal(reason=str(error))) from error
            return {write.account_id: None}

        return deliver(
            self._client, [[write] for write in batch.writes], send, concurrency=CONCURRENCY
        )

    def look(self, account_ids: Sequence[str]) -> Mapping[str, Traits]:
        with ThreadPoolExecutor(max_workers=CONCURRENCY) as pool:
            found = zip(account_ids, pool.map(self._get, account_ids), strict=True)
            return {account_id: traits for account_id, traits in found if traits is not None}

    def pages(self) -> Iterator[Sequence[StoredAccount]]:
        """By creation, so that what changes meanwhile stays in its place; churned ones too."""
        asked = {"limit": str(PAGE), "sortBy": "createdAt", "status": "activeOrChurned"}
        while True:
            page = self._json("", asked)
            yield [_stored(one) for one in page.get("results") or [] if one.get("externalId")]
            if not page.get("next"):
                return
            asked["from"] = str(page["next"])

    def as_written(
        self, seen: StoredAccount, *, known: StoredAccount, tracking: Tracking
    ) -> StoredAccount:
        revenue, traits = self._revenue_trait(tracking), dict(seen.traits)
        if revenue and (revenue in known.traits or known.lifecycle.mrr is not None):
            written, shown = known.traits.get(revenue), known.lifecycle.mrr
            if same(traits.get(revenue), shown):
                traits |= {revenue: written}
            elif same(traits.get(revenue), written):
                traits[revenue] = shown  # set by hand: not what was sent, though the trait says so
        held = {trait: value for trait, value in traits.items() if value is not None}
        return replace(seen, traits=held, version=known.version, lifecycle=known.lifecycle)

    def check(self) -> None:
        self._json("", {"limit": "1"})

    def close(self) -> None:
        self._client.close()

    def _revenue_trait(self, tracking: Tracking) -> str | None:
        setting = tracking.settings.get("revenue")
        if setting is None or setting.trait is None or setting.rule == "none":
            return None
        return self._named(setting.trait) if _is_stripes(setting.trait) else setting.trait

    def _send(self, write: AccountWrite, known: StoredAccount | None, revenue: str | None) -> None:
        traits: dict[str, Value] = {**write.set, **dict.fromkeys(write.unset)}
        if revenue:
            traits[revenue] = write.lifecycle.mrr
        named = {} if write.name is None else {"name": write.name}
        response = self._client.send(
            "PUT", _path(write.account_id), content=_body({**named, "traits": traits})
        )
        if response.status_code == 404:
            response = self._create(write, {**(known.traits if known else {}), **traits})
        self._prove(response, traits)

    def _create(self, write: AccountWrite, traits: Traits) -> Answer:
        """Everything that is known of the account: deleted at Vitally, it needs all of it again."""
        kept = {trait: value for trait, value in traits.items() if value is not None}
        new = {"externalId": write.account_id, "name": write.name or write.account_id}
        return self._client.send("POST", ACCOUNTS, content=_body({**new, "traits": kept}))

    def _prove(self, response: Answer, sent: Traits) -> None:
        """Raises GroupRefused unless the reply shows every trait as it was sent."""
        if not response.is_success:
            raise GroupRefused(self._client.refusal(response, "Vitally", later=LATER))
        held = _traits(_parsed(response))
        other = sorted(trait for trait, value in sent.items() if not _holds(value, held.get(trait)))
        if other:
            names = ", ".join(other[:5])
            wrong = f"Vitally's reply shows another value of {names}"
            raise GroupRefused(Refusal(reason=wrong, code=str(response.status_code)))

    def _get(self, account_id: str) -> Traits | None:
        try:
            found = self._json(_path(account_id).removeprefix(ACCOUNTS), {})
        except InvalidTraits:
            return None
        return _traits(found) if found else None

    def _json(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        """The object at a path; empty where there is none."""
        try:
            response = self._client.send("GET", ACCOUNTS + path, params=params or None)
        except Unanswered as error:
            raise self._client.gone(f"it does not answer ({error})") from None
        if response.status_code == 404:
            return {}
        if not response.is_success:
            raise self._client.gone(f"it refuses to be read (HTTP {response.status_code})")
        return _parsed(response)


def _is_stripes(trait: str) -> bool:
    return trait.startswith(NAMESPACE)


def _path(account_id: str) -> str:
    if account_id in {".", ".."}:
        raise InvalidTraits(f"account_id {account_id} cannot stand in an address")
    try:
        return f"{ACCOUNTS}/{quote(account_id, safe='')}"
    except UnicodeEncodeError as error:
        raise InvalidTraits(f"account_id cannot be written as UTF-8: {error.reason}") from error


def _body(value: dict[str, Any]) -> bytes:
    return json_text(value).encode()


def _parsed(response: Answer) -> dict[str, Any]:
    """The reply with exact numbers; empty where it is no object, which proves nothing."""
    try:
        reply = parse_json(response.text)
    except ValueError:
        return {}
    return reply if isinstance(reply, dict) else {}


def _traits(reply: Mapping[str, Any]) -> dict[str, Value]:
    traits = reply.get("traits")
    return {k: v for k, v in traits.items() if v is not None} if isinstance(traits, dict) else {}


def _holds(sent: Value, held: Any) -> bool:
    """Equal in type and value; numbers as far as a server of JavaScript can tell them apart."""
    if isinstance(sent, tuple):
        listed = held if isinstance(held, list) else [...]
        return len(sent) == len(listed) and all(map(_holds, sent, listed))
    if type(sent) is not type(held):
        return False
    return sent == held or (not isinstance(sent, str | bool | None) and float(sent) == float(held))


def _stored(one: Mapping[str, Any]) -> StoredAccount:
    return StoredAccount(
        account_id=str(one["externalId"]),
        name=one.get("name"),
        traits=_traits(one),
        lifecycle=Lifecycle(),
        version=0,
    )
