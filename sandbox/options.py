"""Faults and keys as a command line says them.

Enters: texts such as `unavailable /v1/invoices #3`. Leaves: settings, or a complaint that shows how
it is written.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.http.keys import Key
from sandbox.misbehaviour.faults import Fault, Faults
from sandbox.misbehaviour.limits import Limits
from sandbox.shapes import ACCOUNT
from sandbox.storage.versions import served


class WrongOption(ValueError):
    """What the command line says is not understood."""


@dataclass(frozen=True)
class Settings:
    keys: tuple[Key, ...]
    accounts: Mapping[str, str | None]  # id and its own key; None is connected to the first
    webhooks: tuple[str, ...]
    faults: Faults
    api_version: str | None


FAULT = "KIND [METHOD] [PATH or event type] #N[,N...] or P% [SECONDSs]"
_NUMBERS = re.compile(r"^#(\d+(?:,\d+)*)$")
_PERCENT = re.compile(r"^(\d+(?:\.\d+)?)%$")
_TYPE = re.compile(r"^[a-z_]+\.[a-z_.*]+$")  # of events: invoice.*
_SECONDS = re.compile(r"^(\d+(?:\.\d+)?)s$")


def settings(  # noqa: PLR0913  one argument an option
    *,
    seed: int,
    faults: Sequence[str],
    keys: Sequence[str],
    accounts: Sequence[str] = (),
    webhooks: Sequence[str] = (),
    api_version: str | None,
    latency: float,
    limits: bool,
) -> Settings:
    """All options together. Raises WrongOption."""
    try:
        plan = tuple(fault(text) for text in faults)
        made = Faults(seed, latency, plan=plan, limits=Limits() if limits else None)
        named = None if api_version is None else served(api_version)
        others = dict(account(text) for text in accounts)
        return Settings(
            tuple(key(text) for text in keys), others, tuple(map(webhook, webhooks)), made, named
        )
    except ValueError as error:
        raise WrongOption(f"stripe-traits sandbox: {error}") from None


def fault(text: str) -> Fault:
    """`unavailable /v1/invoices #3`, `slow GET /v1/customers* 5% 2s`, `reset 0.1%`."""
    kind, *words = text.split() or [""]
    path, method, probability, seconds = "*", "*", 0.0, 1.0
    numbers: tuple[int, ...] = ()
    for word in words:
        if found := _NUMBERS.match(word):
            numbers = tuple(map(int, found[1].split(",")))
        elif found := _PERCENT.match(word):
            probability = float(found[1]) / 100
        elif found := _SECONDS.match(word):
            seconds = float(found[1])
        elif word.startswith(("/", "*")) or _TYPE.match(word):
            path = word
        elif word.isalpha() and word.isupper():
            method = word
        else:
            raise ValueError(f"fault {text!r}: {word!r} is not understood; write {FAULT}")
    try:
        return Fault(kind, path, method, numbers, probability, seconds)
    except ValueError as error:
        raise ValueError(f"fault {text!r}: {error}; write {FAULT}") from None


def account(text: str) -> tuple[str, str | None]:
    """`acct_b=sk_test_b` has a key of its own, `acct_c` is connected to the first account."""
    name, _, secret = text.partition("=")
    if not re.fullmatch(r"acct_\w+", name) or name == ACCOUNT:
        raise ValueError(f"account {name!r}: write acct_ID or acct_ID=KEY, not {ACCOUNT}")
    return name, secret or None


def webhook(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", text):
        raise ValueError(f"webhook {text!r}: write http://host:port/path")
    return text


def key(text: str) -> Key:
    """`sk_live_a`, or `rk_test_a:customers,invoices`; `:+events` may write too; `sk_test_b@acct_b`
    is a key of another account."""
    name, _, permissions = text.partition(":")
    secret, _, owner = name.partition("@")
    named = [name.strip() for name in permissions.split(",") if name.strip()]
    writes = frozenset(name[1:] for name in named if name.startswith("+"))
    return Key(secret, frozenset(name for name in named if name[0] != "+"), writes, owner or None)
