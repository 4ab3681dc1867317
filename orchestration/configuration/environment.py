"""Reads the settings of this process: the one place that reads the environment and `.env`.

Enters: environment variables, as `.env.example` explains them. Leaves: one frozen `Settings`. All
complaints come at once, one line each with its remedy, and never with a secret's value. What the
settings are is imported when they are read: `--help` needs none of it.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotenv import dotenv_values

from orchestration.configuration.unknown_names import unknown
from orchestration.terminal.logs import log_as_json
from orchestration.terminal.machine_faults import work_with
from outgoing_http.secrets import hide

if TYPE_CHECKING:
    from pydantic import ValidationError

    from orchestration.configuration.settings import Settings

# dlt tells its makers of each load, unless it is told not to before it is imported. dbt and Dagster
# are told in dbt_project.yml and dagster.yaml.
DLT_TELEMETRY = ("RUNTIME__DLTHUB_TELEMETRY", "false")
PSYCOPG2 = "postgresql+psycopg2:"  # with psycopg 3, which is there too, Dagster does not work
# For what pydantic says of itself in a programmer's words.
REMEDIES = {
    "bool_parsing": "write true or false",
    "string_pattern_mismatch": "write a currency's three letters, such as usd",
}


class WrongSettings(Exception):
    """One line for each wrong setting, with its remedy."""


def read_settings(*, for_stripe: bool = True, **given: Any) -> "Settings":
    """The settings of this process; `for_stripe`: a request to Stripe will follow, so a key is due.
    What is `given` goes before the environment.

    Raises WrongSettings with one line for each complaint, NewerData where a later version wrote
    DATA_DIR.
    """
    from orchestration.configuration import data_format
    from orchestration.configuration.secrets_in_settings import parts, secrets

    settings, problems = judged_settings(for_stripe=for_stripe, **given)
    if settings is None or problems:
        raise WrongSettings("\n".join(problems))
    os.environ.setdefault(*DLT_TELEMETRY)
    if settings.dagster_postgres_url:  # dagster.yaml names it, and Dagster reads no .env
        url = settings.dagster_postgres_url.get_secret_value()
        os.environ["DAGSTER_POSTGRES_URL"] = url.replace("postgresql:", PSYCOPG2, 1)
    work_with(settings.data_dir, settings.folder.remedies)
    _make_private(settings.data_dir)
    data_format.check(settings.folder)
    hide(parts(settings))
    if settings.log_format == "json":
        log_as_json(secrets(settings))
    return settings


def judged_settings(*, for_stripe: bool, **given: Any) -> "tuple[Settings | None, list[str]]":
    """The settings, None where they cannot be read, and a line for each complaint. Nothing is
    written."""
    from pydantic import ValidationError

    from orchestration.configuration import checks
    from orchestration.configuration.named_files import ENV_FILE
    from orchestration.configuration.settings import Settings

    problems = unknown(os.environ, dotenv_values(ENV_FILE), Settings.model_fields)
    try:
        settings = Settings(**given)
    except ValidationError as error:
        return None, problems + _complaints(error)
    if for_stripe and not problems:
        problems = checks.keys(settings.api_keys, settings.stripe_api_base)
    return settings, problems


def why_not_configured() -> str | None:
    """Why Stripe cannot be asked with the settings that are there; None: it can."""
    from orchestration.configuration import checks

    settings = read_settings(for_stripe=False)
    found = checks.keys(settings.api_keys, settings.stripe_api_base)
    return f"nothing is done: {found[0]}" if found else None


def _make_private(data_dir: Path) -> None:
    """Nobody else reads what this process writes: it is customers' data."""
    os.umask(0o077)
    data_dir.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):  # somebody else's folder, lent to us, or a disk that is only read
        data_dir.chmod(0o700)


def _complaints(error: "ValidationError") -> list[str]:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        if not problem["loc"]:
            lines += problem["msg"].removeprefix("Value error, ").splitlines()
        else:
            name = str(problem["loc"][0]).upper()
            said = REMEDIES.get(problem["type"], problem["msg"]).removeprefix("Value error, ")
            lines.append(f"{name}: {said}; .env.example explains it")
    return lines
