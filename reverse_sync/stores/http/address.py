"""Where an account store behind HTTP is, read from its URL.

Enters: ACCOUNT_STORE_URL. Leaves: the address that requests go to, a name for the store's files,
and a label that may be shown. A webhook's path and query can be secrets: the label has neither.
"""

import re
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, parse_qsl, urlsplit

from reverse_sync.stores.account_store import InvalidAccountStoreUrl

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SUBDOMAIN = re.compile(r"[A-Za-z0-9-]+")
PROPERTY = re.compile(r"[a-z][a-z0-9_]{0,99}")

WEBHOOK = "write it as https://host/path"
VITALLY = "write it as vitally://SUBDOMAIN, or vitally://rest.vitally-eu.io in the EU"
HUBSPOT = "write it as hubspot://api.hubapi.com, with ?id=PROPERTY where it is not account_id"
INTERCOM = "write it as intercom://api.intercom.io, or api.eu.intercom.io, or api.au.intercom.io"
SEGMENT = "write it as segment://api.segment.io, or another host that takes Segment's /v1/batch"


@dataclass(frozen=True)
class Address:
    """`url` is asked, `label` is shown, `identity` tells this store from others, without a
    webhook's query: a token in it may be rolled."""

    url: str = field(repr=False)
    label: str
    identity: str = field(repr=False)

    @property
    def on_loopback(self) -> bool:
        return urlsplit(self.url).hostname in LOOPBACK


def webhook(url: str) -> Address:
    """`https://...`; `http://` on this machine alone."""
    parts = _split(url, WEBHOOK)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise _wrong("plain http:// is for this machine alone", WEBHOOK)
    origin = f"{parts.scheme}://{_host(parts)}"
    return Address(url, origin, f"{origin}{parts.path}")


def vitally(url: str) -> Address:
    """`vitally://SUBDOMAIN`, or a whole host."""
    parts = _split(url, VITALLY)
    if parts.path.strip("/") or parts.query:
        raise _wrong("something follows the host", VITALLY)
    host = _host(parts)
    if SUBDOMAIN.fullmatch(host) and host not in LOOPBACK:
        host = f"{host}.rest.vitally.io"
    return _served_by(parts, host, label="vitally", path="")


def segment(url: str) -> Address:
    """`segment://HOST`, with a path where it is not `/v1`."""
    parts = _split(url, SEGMENT)
    if parts.query:
        raise _wrong("something follows the path", SEGMENT)
    path = parts.path.rstrip("/") or "/v1"
    return _served_by(parts, _host(parts), label="segment", path=path)


def hubspot(url: str) -> Address:
    """`hubspot://HOST`, with the property that holds the account's id: by another one, other
    companies are meant."""
    parts = _split(url, HUBSPOT)
    if parts.path.strip("/"):
        raise _wrong("something follows the host", HUBSPOT)
    found = _served_by(parts, _host(parts), label="hubspot", path="")
    return replace(found, identity=f"{found.identity}?id={hubspot_id(url)}")


def hubspot_id(url: str) -> str:
    """The company property that holds the account's id."""
    asked = dict(parse_qsl(_split(url, HUBSPOT).query, keep_blank_values=True))
    name = asked.pop("id", "account_id")
    if asked or not PROPERTY.fullmatch(name):
        raise _wrong("its query is not ?id=PROPERTY (a-z, 0-9, _)", HUBSPOT)
    return name


def intercom(url: str) -> Address:
    """`intercom://HOST`, which says in which region the workspace is."""
    parts = _split(url, INTERCOM)
    if parts.path.strip("/") or parts.query:
        raise _wrong("something follows the host", INTERCOM)
    return _served_by(parts, _host(parts), label="intercom", path="")


def _served_by(parts: SplitResult, host: str, *, label: str, path: str) -> Address:
    scheme = "http" if parts.hostname in LOOPBACK else "https"
    return Address(f"{scheme}://{host}{path}", f"{label}://{host}", f"{label}://{host}{path}")


def _split(url: str, example: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number
    except ValueError:
        raise _wrong("it is no address", example) from None  # its text could quote a token
    unfit = " " in url or not (url.isascii() and url.isprintable())
    if not parts.hostname or parts.fragment or unfit:
        raise _wrong("it is no address", example)
    if "@" in parts.netloc:
        raise _wrong("a key or password belongs into ACCOUNT_STORE_SECRET", example)
    return parts


def _host(parts: SplitResult) -> str:
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    return f"{host}:{parts.port}" if parts.port else host


def _wrong(what: str, example: str) -> InvalidAccountStoreUrl:
    return InvalidAccountStoreUrl(f"ACCOUNT_STORE_URL: {what}; {example}")
