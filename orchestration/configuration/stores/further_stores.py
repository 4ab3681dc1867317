"""The settings of each account store beside the one of ACCOUNT_STORE_URL.

Enters: the settings, `stores.yml`, and of each store `STORE_<NAME>_URL` and `STORE_<NAME>_SECRET`
from the environment or `.env`. Leaves: the settings as that store has them: its address, guards,
rules, and a folder of its own below DATA_DIR. Everything else is the same.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dotenv import dotenv_values

from orchestration.configuration.environment import WrongSettings, read_settings
from orchestration.configuration.named_files import ENV_FILE
from orchestration.configuration.settings import Settings
from orchestration.configuration.stores.further_store import FurtherStore
from orchestration.configuration.url_secrets import url_secrets
from outgoing_http.secrets import hide
from reverse_sync.stores.account_store import InvalidAccountStoreUrl
from reverse_sync.stores.target import Target

# One host has many of them: the secret says which.
WORKSPACES = ("segment://", "hubspot://", "intercom://")
STANDS_FOR = "ACCOUNT_STORE_URL", "ACCOUNT_STORE_SECRET"


def further_stores(settings: Settings) -> Sequence[Settings]:
    """By name; none where no file is. Raises WrongSettings before anything is read or sent."""
    if not settings.stores_file.exists():
        return ()
    from orchestration.configuration.stores.store_file import read

    given = {**dotenv_values(ENV_FILE), **os.environ}
    defined = sorted(read(settings.stores_file).items())
    if missing := [_missing(name) for name, _ in defined if not given.get(_variables(name)[0])]:
        raise WrongSettings("\n".join(missing))
    made = [
        settings.for_store(FurtherStore(name, one, *_address(name, given))) for name, one in defined
    ]
    if problems := [*filter(None, map(_problem, made)), *_twice([settings, *made])]:
        raise WrongSettings("\n".join(problems))
    return made


def store_settings(to: str | None) -> Settings:
    """The settings as the store of that name has them; None: that of ACCOUNT_STORE_URL. Stripe is
    not asked. Raises WrongSettings."""
    settings = read_settings(for_stripe=False)
    return settings if to is None else _named(settings, to)


def _named(settings: Settings, name: str) -> Settings:
    found = {one.store_name: one for one in further_stores(settings)}
    if name not in found:
        known = ", ".join(filter(None, found)) or "none"
        raise WrongSettings(f"--to {name}: {settings.stores_file} defines {known}")
    return found[name]


def _missing(name: str) -> str:
    return f"{_variables(name)[0]} is not set: it says where the store '{name}' of stores.yml is"


def _address(name: str, given: Mapping[str, str | None]) -> tuple[str, str | None]:
    url, secret = (given.get(one) or "" for one in _variables(name))
    hide([one for one in (*url_secrets(url), secret) if one])
    return url, secret or None


def _variables(name: str) -> tuple[str, str]:
    return f"STORE_{name.upper()}_URL", f"STORE_{name.upper()}_SECRET"


def _problem(settings: Settings) -> str | None:
    from reverse_sync.stores.url import check_settings  # loads what sends over HTTP

    try:
        check_settings(settings.target)
    except InvalidAccountStoreUrl as error:
        told = str(error)
        for ours, its in zip(STANDS_FOR, _variables(settings.store_name or ""), strict=True):
            told = told.replace(ours, its)
        return told
    return None


def _known(target: Target, folder: Path) -> tuple[str, str | None]:
    from reverse_sync.stores.url import identity

    has_workspaces = target.url.startswith(WORKSPACES)
    return identity(replace(target, folder=folder)).name, target.secret if has_workspaces else None


def _twice(stores: Sequence[Settings]) -> Sequence[str]:
    """Two that are the same would each take the other's values for changed by hand. Workspaces of
    one host have the same address, and a secret each."""
    seen: dict[tuple[str, str | None], str] = {}
    problems = []
    for one in stores:
        try:
            known = _known(one.target, one.data_dir)
        except InvalidAccountStoreUrl:
            continue
        label = _variables(one.store_name)[0] if one.store_name else STANDS_FOR[0]
        if seen.setdefault(known, label) != label:
            problems.append(f"{label}: the same account store as {seen[known]}; remove one of them")
    return problems
