"""Webhook endpoints beyond what Stripe shows of them: their secrets, and whose events they get.

Enters: a store. Leaves: endpoints as the deliveries need them. Secrets are never part of the
object that is served, so no answer can show one by mistake.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.shapes import Json
from sandbox.storage.store import Store
from sandbox.webhooks.signing import new_secret


@dataclass(frozen=True)
class Endpoint:
    """One endpoint; `connect` ones get the events of connected accounts, and no others."""

    owner: str
    object: Json
    connect: bool
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def id(self) -> str:
        return str(self.object["id"])

    @property
    def enabled(self) -> bool:
        return bool(self.object["status"] == "enabled")

    def wants(self, type_: str) -> bool:
        wanted = self.object["enabled_events"]
        return self.enabled and ("*" in wanted or type_ in wanted)


def add(store: Store, endpoint: str, *, connect: bool) -> str:
    """Remember a new endpoint; its secret."""
    secret = new_secret()
    values = (endpoint, int(connect), secret)
    with store.writing() as db:
        db.execute("INSERT INTO webhooks (endpoint, connect, secret) VALUES (?, ?, ?)", values)
    return secret


def roll(store: Store, endpoint: str, until: float) -> str:
    """A new secret; the old one signs too until a moment (real unix seconds)."""
    secret = new_secret()
    with store.writing() as db:
        db.execute(
            "UPDATE webhooks SET former = secret, until = ?, secret = ? WHERE endpoint = ?",
            (until, secret, endpoint),
        )
    return secret


def remove(store: Store, endpoint: str) -> None:
    """Forget an endpoint and what is still owed to it."""
    with store.writing() as db:
        for table in ("webhooks", "deliveries"):
            db.execute(f"DELETE FROM {table} WHERE endpoint = ?", (endpoint,))


def known(store: Store) -> bool:
    """Whether an account has any endpoint."""
    return bool(store.one("SELECT EXISTS (SELECT 1 FROM webhooks)")[0])


def endpoints(store: Store, now: float) -> Iterator[Endpoint]:
    """Every endpoint of an account, with the secrets that count at a moment (real seconds)."""
    statement = "SELECT endpoint, connect, secret, former, until FROM webhooks ORDER BY endpoint"
    for identity, connect, secret, former, until in store.db().execute(statement).fetchall():
        found = store.get("webhook_endpoint", identity)
        if found:
            secrets = (secret, former) if former and until > now else (secret,)
            yield Endpoint(store.account_id, found, bool(connect), secrets)
