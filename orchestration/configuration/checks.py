"""What makes a setting wrong, and what to do about it: one line each, never with a secret's value.

Enters: single values. Leaves: complaints, none for a right value. No environment is read here.
"""

import os
import re
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingestion.stripe_api.connection import LOOPBACK
from reverse_sync.guards import GUARDS, parse_limit

KEY = re.compile(r"(sk|rk)_(test|live)_[A-Za-z0-9_]+")
STRIPE_ACCOUNT = re.compile(r"acct_[A-Za-z0-9_]+")
WEBHOOK_SECRET = re.compile(r"(acct_[A-Za-z0-9_]+:)?whsec_[A-Za-z0-9+/=_-]+")
ADDRESS = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+")
CRON_FIELD = r"[0-9*/,\-A-Za-z]+"
CRON = re.compile(rf"{CRON_FIELD}( {CRON_FIELD}){{4}}")
HTTP_STORES = ("https://", "http://", "vitally://", "hubspot://", "intercom://", "segment://")
ACCOUNT_STORES = ("sqlite://", "postgresql://", "postgres://", *HTTP_STORES)
# DuckDB names an opened file's catalog after the file: these are names of our schemas.


def key(given: str, api_base: str) -> list[str]:
    """The key of Stripe; blank where none is set."""
    if not given:
        return [
            "STRIPE_API_KEY is not set: set it to a secret or restricted key of your Stripe account"
            " (or STRIPE_API_BASE to a local sandbox)"
        ]
    if not KEY.fullmatch(given):
        return [
            "STRIPE_API_KEY is no secret or restricted key: it must begin with sk_ or rk_ and hold"
            " no blank or line end; copy it from Stripe's dashboard, Developers > API keys"
        ]
    if "_live_" in given and api_base.startswith("http://"):
        return ["STRIPE_API_BASE is plain http and the key is live: use https"]
    return []


def keys(given: list[tuple[str | None, str]], api_base: str) -> list[str]:
    """All keys, each with the Stripe account that the setting says it is of, or None."""
    problems = [line for _, one in given or [(None, "")] for line in key(one, api_base)]
    problems += [line for account, _ in given if account for line in connected_accounts(account)]
    if not problems and len({"_live_" in one for _, one in given}) > 1:
        problems.append(
            "STRIPE_API_KEY mixes live and test keys: a warehouse holds one mode; set keys of one"
            " kind, and another DATA_DIR for the other"
        )
    if len({one for _, one in given}) < len(given):
        problems.append("STRIPE_API_KEY holds a key twice: leave one of them out")
    return list(dict.fromkeys(problems))


def dagster_postgres_url(given: str | None) -> list[str]:
    if given is None:
        return []
    if not given.startswith(("postgresql://", "postgresql+psycopg2://")):
        return ["DAGSTER_POSTGRES_URL: write postgresql://user:password@host/database"]
    if find_spec("dagster_postgres") is None:
        return ["DAGSTER_POSTGRES_URL needs the extra 'postgres': docs/operations.md, Deploy"]
    return []


def connected_accounts(given: str | None) -> list[str]:
    if given is None or all(STRIPE_ACCOUNT.fullmatch(part.strip()) for part in given.split(",")):
        return []
    return [
        "a Stripe account's id begins with acct_: correct it in STRIPE_CONNECTED_ACCOUNTS, or"
        " before the key in STRIPE_API_KEY"
    ]


def api_base(url: str) -> list[str]:
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return ["STRIPE_API_BASE is no address: write it as https://host or http://host:port"]
    if parts.path.strip("/") or parts.query:
        return ["STRIPE_API_BASE goes no further than the host: leave out what follows it (/v1)"]
    return []


def is_loopback(url: str) -> bool:
    parts = _split(url)
    return parts is not None and parts.hostname in LOOPBACK


def data_dir(path: Path) -> list[str]:
    if "'" in str(path):
        return ["DATA_DIR must hold no apostrophe: name another folder"]
    there = next(one for one in (path, *path.absolute().parents) if one.exists())
    if not there.is_dir() or (there != path and not os.access(there, os.W_OK | os.X_OK)):
        return [f"DATA_DIR {path} cannot be made below {there}: name another folder"]
    return []


def account_store_url(url: str | None) -> list[str]:
    if url is None or url.startswith(ACCOUNT_STORES):
        return []
    return [f"ACCOUNT_STORE_URL must begin with {' or '.join(ACCOUNT_STORES)}"]


def mail(url: str | None, sender: str | None, recipients: str | None) -> list[str]:
    if url is None:
        return []
    parts, problems = _split(url), list[str]()
    if parts is None or parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        problems.append("ALERT_SMTP_URL is no address: write smtp://user:password@host:587")
    for name, given in (("ALERT_MAIL_FROM", sender), ("ALERT_MAIL_TO", recipients)):
        addresses = (given or "").split(",")
        if not all(ADDRESS.fullmatch(one.strip(" ")) for one in addresses):
            problems.append(f"{name} is no mail address: write name@example.com")
    return problems


def webhook_secrets(given: str | None) -> list[str]:
    """Comma separated; a blank one would let anybody sign."""
    if given is None or all(WEBHOOK_SECRET.fullmatch(part.strip(" ")) for part in given.split(",")):
        return []
    return [
        "STRIPE_WEBHOOK_SECRETS holds a blank or no signing secret: each begins with whsec_ (or"
        " acct_ID:whsec_ for another Stripe account's endpoint), separated by commas; Stripe's"
        " dashboard shows it beside the endpoint"
    ]


def named(part: str) -> tuple[str | None, str]:
    """The Stripe account that a secret or key is of, if it is named before it, and the secret."""
    account, _, secret = part.strip(" ").rpartition(":")
    return account or None, secret


def account_store_secret(url: str | None, secret: str | None) -> list[str]:
    if url is None or not url.startswith(HTTP_STORES) or secret:
        return []
    return [
        "ACCOUNT_STORE_SECRET is not set: set it to the key that signs a webhook, Vitally's REST"
        " API key or Segment's write key"
    ]


def schedule(name: str, cron: str) -> list[str]:
    if CRON.fullmatch(cron):
        return []
    return [f"{name} is no cron line: five fields, such as 0 2 * * * (daily at two)"]


def time_zone(name: str) -> list[str]:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder, such as Europe
        return ["SCHEDULE_TIME_ZONE is no time zone: write it as UTC or Europe/Berlin"]
    return []


def limit(given: str) -> str:
    """A guard's limit, as it was given; raises ValueError where it cannot be read."""
    parse_limit(given)
    return given


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    return parts


def listed(given: str | None) -> list[str]:
    """The words of a list with commas."""
    return [part.strip() for part in (given or "").split(",") if part.strip()]


IN_SHORT = {"mrr": "mrr_drop"}


def guard_names(given: str | None) -> str | None:
    """By their whole names. Raises ValueError where one is no guard."""
    names = [IN_SHORT.get(name, name) for name in listed(given)]
    unknown = [name for name in names if name not in GUARDS]
    if unknown:
        raise ValueError(f"{unknown[0]} is no guard; they are {', '.join(GUARDS)}")
    return ",".join(names) or None


def named_file(path: Path | None, name: str, given: set[str]) -> list[str]:
    """One that is asked for by name has to be there: without it there would be nothing to do."""
    if path is None or name.lower() not in given or path.exists():
        return []
    return [f"{name}: {path} does not exist: create it, or remove the setting"]
