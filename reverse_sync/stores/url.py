"""From ACCOUNT_STORE_URL to an open account store.

Enters: the target. Leaves: the store, or one line that names what is wrong and never shows a
password. A further kind of store is one more entry in `_KINDS`.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from reverse_sync.stores.account_store import AccountStore, InvalidAccountStoreUrl
from reverse_sync.stores.http import address, channels
from reverse_sync.stores.http.address import Address
from reverse_sync.stores.http.ledger import Ledger
from reverse_sync.stores.http.store import Channel, HttpStore
from reverse_sync.stores.sqlite_store import SqliteStore, check_sqlite
from reverse_sync.stores.target import Target

EXAMPLES = (
    "use sqlite:///path/accounts.db, postgresql://user:password@host:5432/database, "
    "https://host/path, vitally://SUBDOMAIN, hubspot://api.hubapi.com, intercom://api.intercom.io "
    "or segment://api.segment.io"
)


@dataclass(frozen=True)
class Identity:
    """What tells a store from others (it may hold a secret), and a name that may be shown."""

    name: str
    label: str


@dataclass(frozen=True)
class _StoreKind:
    check_settings: Callable[[Target], None]
    check: Callable[[Target], None]
    open: Callable[[Target], AccountStore]
    identity: Callable[[Target], Identity]


def check(target: Target) -> None:
    """Fails unless the URL names an account store that can be reached and written now."""
    _kind(target.url).check(target)


def check_settings(target: Target) -> None:
    """Fails unless the settings name an account store; whether it is there is not asked."""
    _kind(target.url).check_settings(target)


def identity(target: Target) -> Identity:
    """Which store the URL means, whatever password or token stands in it. No request."""
    return _kind(target.url).identity(target)


@contextmanager
def opened(target: Target) -> Iterator[AccountStore]:
    """The account store behind the URL, its tables made where they are missing."""
    store = _kind(target.url).open(target)
    try:
        yield store
    finally:
        store.close()


def _kind(url: str) -> _StoreKind:
    scheme = url.split("://", 1)[0] if "://" in url else ""
    if scheme not in _KINDS:
        named = f"scheme {scheme}:// is unknown" if scheme.isalnum() else "it has no scheme"
        raise InvalidAccountStoreUrl(f"ACCOUNT_STORE_URL: {named}; {EXAMPLES}")
    return _KINDS[scheme]


def _sqlite_path(url: str) -> Path:
    """`sqlite:///data/a.db` is relative, `sqlite:////var/a.db` absolute, as in SQLAlchemy."""
    host, slash, path = url.removeprefix("sqlite://").partition("/")
    if host or not slash or not path or path == ":memory:" or path.endswith("/"):
        raise InvalidAccountStoreUrl(
            f"ACCOUNT_STORE_URL: the SQLite file's path is missing or has "
            f"fewer than three slashes before it; {EXAMPLES}"
        )
    return Path(path)


def _postgres_label(url: str) -> str:
    """Where it is, without user and password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _unreadable_postgres() from None  # its text could quote the password
    database = parts.path.strip("/") if host or "host=" in parts.query else ""
    # A second @, or one in the path, is a special character of the password: where the host
    # begins is then a guess, and a guess would show a part of the password.
    if not database or parts.fragment or "@" in database or parts.netloc.count("@") > 1:
        raise _unreadable_postgres()
    return f"postgresql://{host or 'local'}{f':{port}' if port else ''}/{database}"


def _unreadable_postgres() -> InvalidAccountStoreUrl:
    return InvalidAccountStoreUrl(
        "ACCOUNT_STORE_URL: the postgresql:// URL has no readable host, port and database; "
        f"percent-encode special characters in the password; {EXAMPLES}"
    )


def _check_sqlite(target: Target) -> None:
    check_sqlite(_sqlite_path(target.url), label=target.url)


def _open_sqlite(target: Target) -> AccountStore:
    return SqliteStore(_sqlite_path(target.url), label=target.url)


def _sqlite_identity(target: Target) -> Identity:
    """Below DATA_DIR by its place there, so that the folder can be moved as a whole."""
    path, folder = _sqlite_path(target.url).resolve(), target.folder.resolve()
    below = path.relative_to(folder) if path.is_relative_to(folder) else path
    return Identity(f"sqlite:{below}", target.url)


def _check_postgres(target: Target) -> None:
    from reverse_sync.stores.postgres_store import check_postgres

    check_postgres(target.url, label=_postgres_label(target.url))


def _open_postgres(target: Target) -> AccountStore:
    from reverse_sync.stores.postgres_store import PostgresStore

    return PostgresStore(target.url, label=_postgres_label(target.url))


def _postgres_identity(target: Target) -> Identity:
    label = _postgres_label(target.url)
    return Identity(label if urlsplit(target.url).hostname else _without_user(target.url), label)


def _without_user(url: str) -> str:
    """A socket's folder stands in the query, behind the user."""
    parts = urlsplit(url)
    folder = parse_qs(parts.query).get("host", [""])[0]
    return f"postgresql://{folder}{parts.path}"


def _http_kind(
    channel: Callable[[Target], tuple[Channel, Address]], address_of: Callable[[str], Address]
) -> _StoreKind:
    def check_channel(target: Target) -> None:
        opened_channel, _ = channel(target)
        with closing(opened_channel):
            opened_channel.check()

    def open_store(target: Target) -> AccountStore:
        opened_channel, address = channel(target)
        ledger = Ledger(target.folder, identity=address.identity, label=address.label)
        return HttpStore(opened_channel, ledger, label=address.label)

    def named(target: Target) -> Identity:
        address = address_of(target.url)
        return Identity(address.identity, address.label)

    def check_channel_settings(target: Target) -> None:
        channel(target)[0].close()

    return _StoreKind(check_channel_settings, check_channel, open_store, named)


def _check_identity(target: Target) -> None:
    """The URL alone says where it is."""
    identity(target)


_POSTGRES = _StoreKind(_check_identity, _check_postgres, _open_postgres, _postgres_identity)
_KINDS = {
    "sqlite": _StoreKind(_check_identity, _check_sqlite, _open_sqlite, _sqlite_identity),
    "postgresql": _POSTGRES,
    "postgres": _POSTGRES,
    "https": _http_kind(channels.webhook, address.webhook),
    "http": _http_kind(channels.webhook, address.webhook),
    "vitally": _http_kind(channels.vitally, address.vitally),
    "hubspot": _http_kind(channels.hubspot, address.hubspot),
    "intercom": _http_kind(channels.intercom, address.intercom),
    "segment": _http_kind(channels.segment, address.segment),
}
