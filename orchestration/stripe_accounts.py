"""How Stripe is reached, and where what it says is kept.

Enters: the settings. Leaves: a connection for each Stripe account, the files of a load.
"""

from ingestion.load import Paths
from ingestion.stripe_api.connection import Connection
from orchestration.configuration.settings import Settings


def connection(settings: Settings) -> Connection:
    """How the first Stripe account is reached."""
    return connections(settings)[0]


def connections(settings: Settings) -> list[Connection]:
    """How each Stripe account is reached: those of the keys, then the connected ones."""
    (_, first), *_ = settings.api_keys
    own = [_connection(settings, key, account) for account, key in settings.api_keys]
    return [
        *own,
        *(_connection(settings, first, one, connected=True) for one in settings.connected_accounts),
    ]


def _connection(
    settings: Settings, key: str, account: str | None, *, connected: bool = False
) -> Connection:
    return Connection(
        api_key=key,
        stripe_account_id=account,
        connected=connected,
        api_base=settings.stripe_api_base,
        api_version=settings.stripe_api_version,
        requests_per_second=settings.request_rate,
        concurrency=settings.stripe_concurrency,
    )


def paths(settings: Settings) -> Paths:
    """Where a load keeps its files."""
    return Paths(
        warehouse=settings.site.place,
        inbox=settings.folder.inbox,
        raw=settings.folder.raw,
        dlt=settings.folder.dlt,
    )
