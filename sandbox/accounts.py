"""Several Stripe accounts in one server: whose objects a request is about.

Enters: stores (each knows its account's id), keys, a request's headers. Leaves: the key that asks
and the store that answers it, or a refusal in Stripe's words; the accounts as Stripe shows them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from sandbox.errors import StripeError
from sandbox.http import api
from sandbox.http.keys import Key, asking, masked
from sandbox.http.listing import Parameters, read_nested
from sandbox.kinds import Kind
from sandbox.shapes import Json, blank
from sandbox.storage.reading import Reader
from sandbox.storage.store import Store

HEADER = "stripe-account"
_ONE = "/v1/accounts/"
_KIND = Kind("account", "accounts")


class Asked(NamedTuple):
    key: Key
    store: Store


@dataclass(frozen=True)
class Accounts:
    """The first account, others with keys of their own, and those connected to the first, which
    its keys reach by the header `Stripe-Account`."""

    first: Store
    others: Sequence[Store] = ()
    connected: Sequence[Store] = ()
    keys: Sequence[Key] = ()

    def __post_init__(self) -> None:
        ids = [store.account_id for store in self]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(
                f"account {', '.join(twice)}: two stores; give each its own with"
                " Store(account_id=...)"
            )
        for key in self.keys:
            if key.account is not None and key.account not in ids:
                raise ValueError(
                    f"key {masked(key.secret)}: no account {key.account}; there are"
                    f" {', '.join(ids)}"
                )

    def __iter__(self) -> Iterator[Store]:
        return iter((self.first, *self.others, *self.connected))

    def asked(self, headers: Mapping[str, str], path: str = "") -> Asked:
        """Who asks, and about which account. Raises StripeError: 401, 403."""
        key = asking(headers.get("authorization", ""), self.keys)
        own = self._named(key.account) if key.account else self.first
        store = self.reached(key, own, headers.get(HEADER) or own.account_id)
        if path.startswith(_ONE):
            self.reached(key, store, path.removeprefix(_ONE))
        return Asked(key, store)

    def reached(self, key: Key, own: Store, account: str) -> Store:
        """The store of an account that a key's own account may ask for."""
        for store in (own, *self.below(own)):
            if store.account_id == account:
                return store
        raise StripeError(
            f"The provided key '{masked(key.secret)}' does not have access to account '{account}'"
            " (or that account does not exist). Application access may have been revoked.",
            status=403,
            code="account_invalid",
        )

    def below(self, store: Store | Reader) -> Sequence[Store]:
        """The accounts that are connected to an account."""
        return self.connected if store.account_id == self.first.account_id else ()

    def routes(self) -> list[tuple[str, api.Answer]]:
        return [
            ("/v1/account", _own),
            ("/v1/accounts", self._listed),
            ("/v1/accounts/{id}", _one),
        ]

    def _listed(self, reader: Reader, _: str, parameters: Parameters) -> bytes:
        """Those that are connected, by id; all of them are equally old."""
        held = [shown(store.account_id) for store in self.below(reader)]
        elements, more = read_nested(held[::-1], _KIND, parameters)
        return orjson.dumps(
            {"object": "list", "data": elements, "has_more": more, "url": "/v1/accounts"}
        )

    def _named(self, account: str) -> Store:
        return next(store for store in self if store.account_id == account)


def _own(reader: Reader, _: str, parameters: Parameters) -> bytes:
    return _one(reader, reader.account_id, parameters)


def _one(_: Reader, identity: str, parameters: Parameters) -> bytes:
    parameters.lists.pop("expand", None)
    parameters.refuse_rest()
    return orjson.dumps(shown(identity))


def shown(account: str) -> Json:
    """An account as Stripe shows it; all of them are made up alike but for the id."""
    return blank("account") | {"id": account}
