"""What HubSpot holds of its companies, read page by page or for chosen accounts.

Enters: accounts. Leaves: traits by the names of the traits that their properties were made for;
properties of others keep their own names. Only properties that somebody made are read, none of
HubSpot's own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reverse_sync.stores.account_store import StoredAccount
from reverse_sync.stores.http.client import HttpClient, Unanswered
from reverse_sync.stores.http.crm.hubspot_answers import Json, listed, parsed, shown
from reverse_sync.stores.http.crm.hubspot_properties import CompanyProperties
from reverse_sync.stores.http.crm.hubspot_values import value_of
from reverse_sync.values.lifecycle import Lifecycle
from reverse_sync.values.traits import Traits, json_text

COMPANIES = "/crm/v3/objects/companies"
AT_ONCE = 100
PAGE = 100


class Companies:
    """Reads companies."""

    def __init__(self, client: HttpClient, properties: CompanyProperties) -> None:
        self._client = client
        self._properties = properties
        self._id = properties.id_property

    def look(self, account_ids: Sequence[str]) -> Mapping[str, Traits]:
        """All traits of those accounts that are there."""
        pages = (
            self._read(account_ids[start : start + AT_ONCE], by=self._id)
            for start in range(0, len(account_ids), AT_ONCE)
        )
        return {one.account_id: one.traits for page in pages for one in page}

    def pages(self) -> Iterator[Sequence[StoredAccount]]:
        """Listed without values, which are asked for in a body: an address has no room for the
        names of all properties."""
        asked = {"limit": str(PAGE), "properties": self._id}
        while True:
            page = self._json("GET", "", params=asked)
            ids = [str(one["id"]) for one in listed(page, "results") if shown(one).get(self._id)]
            yield self._read(ids) if ids else []
            after = ((page.get("paging") or {}).get("next") or {}).get("after")
            if not after:
                return
            asked["after"] = str(after)

    def _read(self, ids: Sequence[str], *, by: str | None = None) -> list[StoredAccount]:
        kinds = {
            name: str(one.get("type"))
            for name, one in self._properties.all().items()
            if not one.get("hubspotDefined") and name != self._id
        }
        asked = {
            "properties": [self._id, "name", *kinds],
            "inputs": [{"id": one} for one in ids],
            **({} if by is None else {"idProperty": by}),
        }
        page = self._json("POST", "/batch/read", content=json_text(asked).encode())
        traits = self._properties.traits()
        return [self._stored(shown(one), kinds, traits) for one in listed(page, "results")]

    def _stored(
        self, held: Json, kinds: Mapping[str, str], traits: Mapping[str, str]
    ) -> StoredAccount:
        return StoredAccount(
            account_id=str(held[self._id]),
            name=held.get("name"),
            traits={
                traits.get(name, name): value_of(str(held[name]), kind)
                for name, kind in kinds.items()
                if held.get(name) not in (None, "")
            },
            lifecycle=Lifecycle(),
            version=0,
        )

    def _json(self, method: str, path: str, **options: Any) -> Json:
        try:
            response = self._client.send(method, COMPANIES + path, **options)
        except Unanswered as error:
            raise self._client.gone(f"it does not answer ({error})") from None
        if not response.is_success:
            raise self._client.gone(f"it refuses to be read (HTTP {response.status_code})")
        return parsed(response.text)
