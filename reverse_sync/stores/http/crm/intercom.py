"""The Intercom store: an account is a company, known by its `company_id`; one a request.

Enters: writes. Leaves: accounts whose answer shows what was sent; any other answer is a refusal. A
trait is a custom attribute under another name (property_names.py); null clears one. `plan` and
`monthly_spend` are not touched. Not read: Intercom lists no company that has no users.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from outgoing_http.answers import Answer
from reverse_sync.stores.account_store import AccountWrite, Refusal
from reverse_sync.stores.http.client import HttpClient
from reverse_sync.stores.http.crm.intercom_attributes import CompanyAttributes
from reverse_sync.stores.http.crm.property_names import Properties, by_property
from reverse_sync.stores.http.crm.value_text import text_of
from reverse_sync.stores.http.request_groups import Answers, Delivered, Group, GroupRefused, deliver
from reverse_sync.stores.http.store import Batch
from reverse_sync.values.traits import InvalidTraits, Traits, Value, json_text, parse_json

CONCURRENCY = 8
# At most 167 in any ten seconds, which is how Intercom counts 1,000 a minute.
REQUESTS_PER_MINUTE = 800.0
LATER = (404, 409, 423)
VERSION = {"Intercom-Version": "2.11"}


class Intercom:
    """The channel to the companies of an Intercom workspace."""

    batch_size = 50
    confirms = True

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._attributes = CompanyAttributes(client)

    def deliver(self, batch: Batch) -> Delivered:
        def send(group: Group) -> Answers:
            (write,) = group
            known = batch.known.get(write.account_id)
            try:
                self._send(write, known.traits if known else {})
            except InvalidTraits as error:
                raise GroupRefused(Refusal(reason=str(error))) from error
            return {write.account_id: None}

        groups = [[write] for write in batch.writes]
        return deliver(self._client, groups, send, concurrency=CONCURRENCY)

    def check(self) -> None:
        self._attributes.all()

    def close(self) -> None:
        self._client.close()

    def _send(self, write: AccountWrite, known: Traits) -> None:
        sent = by_property(write, known)
        held = self._post(write, sent)
        kept = {trait: value for trait, value in known.items() if trait not in write.unset}
        whole = by_property(replace(write, set={**kept, **write.set}), known)
        if _other(held, whole):  # deleted by hand, it is new and needs all that is known of it
            self._post(write, whole)

    def _post(self, write: AccountWrite, sent: Properties) -> Mapping[str, Any]:
        """The attributes that the answer shows; raises GroupRefused unless all sent are there."""
        there = self._attributes.ensure({k: v for k, v in sent.items() if v[1] is not None})
        named = {} if write.name is None else {"name": write.name}
        values = {name: _value(pair[1]) for name, pair in sent.items() if name in there}
        body = {**named, "company_id": write.account_id, "custom_attributes": values}
        response = self._client.send("POST", "/companies", content=json_text(body).encode())
        if not response.is_success:
            raise GroupRefused(self._client.refusal(response, "Intercom", later=LATER))
        held = _attributes(response, write.account_id)
        other = _other(held, sent)
        if other:
            wrong = f"Intercom's answer shows another value of {', '.join(other[:5])}"
            raise GroupRefused(Refusal(reason=wrong, code=str(response.status_code)))
        return held


def _value(value: Value) -> Value:
    """A list is joined with semicolons; an empty one, and an empty text, are no value."""
    if isinstance(value, tuple | list):  # the ledger reads lists
        value = text_of(value)
    return None if value == "" else value


def _other(held: Mapping[str, Any], sent: Properties) -> list[str]:
    """The attributes that are not as they were sent."""
    return sorted(
        name for name, (_, value) in sent.items() if not _holds(_value(value), held.get(name))
    )


def _holds(sent: Value, held: Any) -> bool:
    """Equal in type and value; a number may have passed a double."""
    if sent is None or held is None:
        return sent is None and held in (None, "")
    if type(sent) is not type(held):
        return False
    return sent == held or (isinstance(sent, Decimal) and float(sent) == float(held))


def _attributes(response: Answer, account_id: str) -> Mapping[str, Any]:
    """Those of the company; none where the answer is about no company, or another one."""
    try:
        reply = parse_json(response.text)
    except ValueError:
        reply = None
    if not isinstance(reply, dict) or reply.get("company_id") != account_id:
        raise GroupRefused(Refusal(reason="Intercom's answer does not show it", permanent=False))
    found = reply.get("custom_attributes")
    return found if isinstance(found, dict) else {}
