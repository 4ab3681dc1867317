"""The properties of HubSpot's companies: which there are, and those that are missing are made.

Enters: names with the first value that each shall hold. Leaves: definitions. They are read once,
and again after some were made.
"""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from reverse_sync.stores.http.client import HttpClient, Unanswered
from reverse_sync.stores.http.crm.hubspot_values import kind_of
from reverse_sync.stores.http.crm.property_names import Properties
from reverse_sync.values.traits import json_text, parse_json

PATH = "/crm/v3/properties/companies"
GROUP = "companyinformation"
AT_ONCE = 100
WRITTEN = "Written by stripe-traits: "

Definition = Mapping[str, Any]


class CompanyProperties:
    """`ours` gives our name of a trait of the store; threads may share it."""

    def __init__(
        self, client: HttpClient, *, id_property: str, ours: Callable[[str], str | None]
    ) -> None:
        self.id_property = id_property
        self._client = client
        self._ours = ours
        self._read: dict[str, Definition] | None = None
        self._lock = Lock()

    def all(self) -> Mapping[str, Definition]:
        """Every property by its name, as HubSpot has it."""
        with self._lock:
            return self._known()

    def ensure(self, valued: Properties) -> Mapping[str, Definition]:
        """Every property; those that shall hold these values are there."""
        with self._lock:
            known, new = self._known(), []
            if self.id_property not in known:
                new.append(self._id_definition())
            new += [
                self._definition(name, *pair) for name, pair in valued.items() if name not in known
            ]
            return self._made(new) if new else known

    def traits(self) -> dict[str, str]:
        """Property -> the trait that it was made for."""
        told = {name: str(one.get("description") or "") for name, one in self.all().items()}
        return {
            name: text.removeprefix(WRITTEN)
            for name, text in told.items()
            if text.startswith(WRITTEN)
        }

    def _known(self) -> dict[str, Definition]:
        if self._read is None:
            self._read = {one["name"]: one for one in self._listed()}
            found = self._read.get(self.id_property)
            if found is not None and not found.get("hasUniqueValue"):
                raise self._client.gone(
                    f"its company property {self.id_property} has no unique values; name one that "
                    "has in ACCOUNT_STORE_URL (?id=PROPERTY), or one that is not there yet"
                )
        return self._read

    def _listed(self) -> list[dict[str, Any]]:
        try:
            response = self._client.send("GET", PATH)
        except Unanswered as error:
            raise self._client.gone(f"it does not answer ({error})") from None
        if not response.is_success:
            raise self._client.gone(f"it does not show its properties ({response.status_code})")
        try:
            reply = parse_json(response.text)
            return [one for one in reply["results"] if one["name"]]
        except (ValueError, KeyError, TypeError):
            raise self._client.gone("it shows its properties in no form that is known") from None

    def _made(self, new: list[dict[str, Any]]) -> Mapping[str, Definition]:
        """What became of each is read, not believed: another process may have made it as well."""
        for start in range(0, len(new), AT_ONCE):
            content = json_text({"inputs": new[start : start + AT_ONCE]}).encode()
            response = self._client.send("POST", f"{PATH}/batch/create", content=content)
        self._read = None
        known = self._known()
        missing = [one["name"] for one in new if one["name"] not in known]
        if missing:
            raise self._client.gone(
                f"it has not made the company properties {', '.join(missing[:5])} "
                f"({len(missing)} in all, HTTP {response.status_code}); make them by hand"
            )
        return known

    def _id_definition(self) -> dict[str, Any]:
        return {
            "name": self.id_property,
            "label": "Account ID",
            "description": "The account that stripe-traits writes to",
            "groupName": GROUP,
            "type": "string",
            "fieldType": "text",
            "hasUniqueValue": True,
        }

    def _definition(self, name: str, trait: str, value: Any) -> dict[str, Any]:
        return {
            "name": name,
            "label": trait,
            "description": f"{WRITTEN}{trait}",
            "groupName": GROUP,
            **kind_of(self._ours(trait) or "", value),
        }
