"""The HubSpot store: an account is a company, known by a property with unique values.

Enters: writes. Leaves: up to 100 companies a request, created or updated; an account is taken when
the answer shows its company, with no other value than was sent. A trait is a property under another
name (property_names.py) and as a text (value_text.py); the empty text clears it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reverse_sync.stores.account_store import AccountWrite, Refusal, StoredAccount
from reverse_sync.stores.http.client import HttpClient
from reverse_sync.stores.http.crm.hubspot_answers import answers, created, parsed
from reverse_sync.stores.http.crm.hubspot_companies import COMPANIES, Companies
from reverse_sync.stores.http.crm.hubspot_properties import CompanyProperties
from reverse_sync.stores.http.crm.hubspot_values import shows
from reverse_sync.stores.http.crm.property_names import Properties, by_property, property_name
from reverse_sync.stores.http.crm.value_text import text_of
from reverse_sync.stores.http.request_groups import Answers, Delivered, Group, GroupRefused, deliver
from reverse_sync.stores.http.store import Batch
from reverse_sync.values.tracking import Tracking
from reverse_sync.values.traits import InvalidTraits, Traits, json_text

AT_ONCE = 100
CONCURRENCY = 4
# At most 94 in any ten seconds: HubSpot's smallest plan allows 100, larger ones 190.
REQUESTS_PER_MINUTE = 450.0
LATER = (404, 409, 423)

Known = Mapping[str, StoredAccount]


class HubSpot:
    """The channel to the companies of a HubSpot account."""

    batch_size = AT_ONCE * CONCURRENCY
    confirms = True

    def __init__(
        self, client: HttpClient, *, id_property: str, ours: Callable[[str], str | None]
    ) -> None:
        self._client = client
        self._id = id_property
        self._properties = CompanyProperties(client, id_property=id_property, ours=ours)
        self._companies = Companies(client, self._properties)

    def deliver(self, batch: Batch) -> Delivered:
        def send(group: Group) -> Answers:
            try:
                return self._send(group, batch.known)
            except InvalidTraits as error:  # of one account: the halves find it
                raise GroupRefused(Refusal(reason=str(error))) from error

        writes = batch.writes
        groups = [writes[start : start + AT_ONCE] for start in range(0, len(writes), AT_ONCE)]
        return deliver(self._client, groups, send, concurrency=CONCURRENCY)

    def look(self, account_ids: Sequence[str]) -> Mapping[str, Traits]:
        return self._companies.look(account_ids)

    def pages(self) -> Iterator[Sequence[StoredAccount]]:
        return self._companies.pages()

    def as_written(
        self,
        seen: StoredAccount,
        *,
        known: StoredAccount,
        tracking: Tracking,  # noqa: ARG002 (no trait depends on it here)
    ) -> StoredAccount:
        """What HubSpot shows of a value that was written is that value."""
        written = {} if known is seen else known.traits
        ours = {property_name(trait): trait for trait in written}
        held = {ours.get(property_name(name), name): value for name, value in seen.traits.items()}
        same = {t: value for t, value in written.items() if shows(text_of(held.get(t)), value)}
        return replace(
            seen, traits={**held, **same}, version=known.version, lifecycle=known.lifecycle
        )

    def check(self) -> None:
        self._properties.all()

    def close(self) -> None:
        self._client.close()

    def _send(self, group: Group, known: Known) -> Answers:
        sent = {
            write.account_id: by_property(write, _traits(write.account_id, known))
            for write in group
        }
        reply = self._upsert(group, sent)
        told = answers(group, sent, reply)
        new = created(reply)
        bare = [w for n, w in enumerate(group) if str(n) in new and _traits(w.account_id, known)]
        return told | self._send_whole(bare, known) if bare else told

    def _send_whole(self, group: Group, known: Known) -> Answers:
        """Companies that were deleted by hand are new: they need all that is known of them."""
        sent: dict[str, Properties] = {}
        for write in group:
            kept = _traits(write.account_id, known)
            everything = {trait: kept[trait] for trait in kept if trait not in write.unset}
            whole = replace(write, set={**everything, **write.set})
            sent[write.account_id] = by_property(whole, kept)
        return answers(group, sent, self._upsert(group, sent))

    def _upsert(self, group: Group, sent: Mapping[str, Properties]) -> dict[str, Any]:
        valued = {k: v for one in sent.values() for k, v in one.items() if v[1] is not None}
        there = self._properties.ensure(valued)
        inputs = [self._input(w, sent[w.account_id], there, n) for n, w in enumerate(group)]
        content = json_text({"inputs": inputs}).encode()
        response = self._client.send("POST", f"{COMPANIES}/batch/upsert", content=content)
        if not response.is_success:
            raise GroupRefused(self._client.refusal(response, "HubSpot", later=LATER))
        return parsed(response.text)

    def _input(
        self, write: AccountWrite, sent: Properties, there: Mapping[str, Any], number: int
    ) -> dict[str, Any]:
        """The number comes back with what became of the company."""
        named = {} if write.name is None else {"name": write.name}
        texts = {name: text_of(pair[1]) for name, pair in sent.items() if name in there}
        return {
            "idProperty": self._id,
            "id": write.account_id,
            "objectWriteTraceId": str(number),
            "properties": {**named, **texts},
        }


def _traits(account_id: str, known: Known) -> Traits:
    return known[account_id].traits if account_id in known else {}
