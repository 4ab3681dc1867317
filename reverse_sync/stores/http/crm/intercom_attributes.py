"""The custom attributes of Intercom's companies: which there are; those that are missing are made.

Enters: names with the first value that each shall hold. Leaves: the names that are there. They are
read once, and again after some were made.
"""

from threading import Lock
from typing import Any

from outgoing_http.answers import Answer
from reverse_sync.stores.http.client import HttpClient, Unanswered
from reverse_sync.stores.http.crm.property_names import Properties
from reverse_sync.values.traits import json_text, parse_json

PATH = "/data_attributes"


class CompanyAttributes:
    """Threads may share it."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._read: frozenset[str] | None = None
        self._lock = Lock()

    def all(self) -> frozenset[str]:
        """The name of every attribute of a company."""
        with self._lock:
            return self._known()

    def ensure(self, valued: Properties) -> frozenset[str]:
        """The name of every attribute; those that shall hold these values are there."""
        with self._lock:
            new = {name: pair for name, pair in valued.items() if name not in self._known()}
            return self._made(new) if new else self._known()

    def _known(self) -> frozenset[str]:
        if self._read is None:
            try:
                response = self._client.send("GET", PATH, params={"model": "company"})
            except Unanswered as error:
                raise self._client.gone(f"it does not answer ({error})") from None
            self._read = self._names(response)
        return self._read

    def _names(self, response: Answer) -> frozenset[str]:
        try:
            return frozenset(one["name"] for one in parse_json(response.text)["data"])
        except (ValueError, KeyError, TypeError):
            raise self._client.gone(
                f"it does not show the attributes of companies (HTTP {response.status_code})"
            ) from None

    def _made(self, new: Properties) -> frozenset[str]:
        """What became of each is read, not believed: another process may have made it as well."""
        for name, (trait, value) in new.items():
            asked = {
                "name": name,
                "model": "company",
                "data_type": _type(value),
                "description": f"Written by stripe-traits: {trait}",
            }
            response = self._client.send("POST", PATH, content=json_text(asked).encode())
        self._read = None
        missing = [name for name in new if name not in self._known()]
        if missing:
            raise self._client.gone(
                f"it has not made the company attributes {', '.join(missing[:5])} "
                f"({len(missing)} in all, HTTP {response.status_code}); make them by hand"
            )
        return self._known()


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str | tuple | list) else "float"
