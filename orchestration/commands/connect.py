"""`stripe-traits connect`: the set-up, its questions asked with evidence from the account."""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from dotenv import dotenv_values

from orchestration.configuration.environment import WrongSettings, read_settings
from orchestration.pages.tables import table
from orchestration.terminal.failures import explained
from orchestration.terminal.output import console
from reverse_sync.values.counted import counted

if TYPE_CHECKING:
    from ingestion.stripe_api.survey import Evidence
    from orchestration.configuration.settings import Settings
    from orchestration.setup import Answers

SHOWN = 10  # metadata keys


def connect(  # noqa: PLR0913, PLR0917  one argument an option
    metadata_key: Annotated[
        str | None,
        typer.Option(help="Customers carry the account's ID in metadata, under this key."),
    ] = None,
    stripe_ids: Annotated[
        bool, typer.Option("--stripe-ids", help="They do not: an account is a Stripe customer.")
    ] = False,
    several: Annotated[
        bool | None,
        typer.Option(
            "--several-subscriptions/--one-subscription",
            help="Whether a customer can have several subscriptions.",
        ),
    ] = None,
    account_store: Annotated[
        str | None, typer.Option(help="ACCOUNT_STORE_URL; default: a SQLite file in DATA_DIR.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing: take what the evidence speaks for.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the evidence; write nothing.")
    ] = False,
    env_file: Annotated[Path, typer.Option(help="Where the settings are written.")] = Path(".env"),
    json_output: Annotated[
        bool, typer.Option("--json", help="Print JSON for a program to read.")
    ] = False,
) -> None:
    """Set up: the key and what it may read, the two questions, the account store; writes .env.

    Nothing is sent and nothing is loaded; it can be run again at any time.
    """
    with explained():
        if metadata_key and stripe_ids:
            raise WrongSettings("--metadata-key and --stripe-ids exclude each other: give one")
        settings, entered = _with_key(asks=not yes, tells=not json_output)
        from orchestration import setup
        from reverse_sync.stores.url import check

        evidence = setup.look(settings)
        answers = setup.suggestion(evidence)
        if not json_output:
            _print(evidence)
            _say_address(settings, env_file)
        if metadata_key or stripe_ids:
            answers = replace(answers, account_id_metadata_key=metadata_key)
        if several is not None:
            answers = replace(answers, multiple_subscriptions=several)
        answers = replace(answers, account_store_url=account_store)
        if not (yes or dry_run or json_output) and sys.stdin.isatty():
            answers = _asked(answers)
        key = answers.account_id_metadata_key
        if key and not json_output and key not in {found.key for found in evidence.keys}:
            console.print(f"no customer carries {key!r} yet: they will be listed as unlinked")
        check(replace(settings.target, url=answers.account_store_url or settings.store_url))
        if not dry_run:
            setup.write_env(env_file, entered | answers.lines())
        _finish(evidence, answers, None if dry_run else env_file, as_json=json_output)


def _print_permissions() -> None:
    from ingestion.stripe_api.permissions import OPTIONAL, READ

    optional = "; ".join(f"{name} ({why})" for name, why in OPTIONAL.items())
    for line in (
        "A restricted key is enough (Stripe's dashboard, Developers > API keys); allow it",
        f"  Read for: {', '.join(READ)}",
        f"  Read, if you like, for: {optional}",
        "  and nothing else",
    ):
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def _with_key(*, asks: bool, tells: bool) -> tuple["Settings", dict[str, str]]:
    """The settings with a key, and the line for `.env` where the key was typed in just now; which
    permissions a key needs is told before, what speaks against it after."""
    if tells:
        _print_permissions()
    settings, entered = _asked_for_key(asks=asks)
    if tells and settings.key_advice:
        console.print(settings.key_advice, highlight=False, soft_wrap=True, markup=False)
    return settings, entered


def _asked_for_key(*, asks: bool) -> tuple["Settings", dict[str, str]]:
    settings = read_settings(for_stripe=False)
    if settings.api_key or not asks or not sys.stdin.isatty():
        return read_settings(), {}
    key = typer.prompt("Stripe's secret or restricted key", hide_input=True).strip()
    return read_settings(stripe_api_key=key), {"STRIPE_API_KEY": key}


def _say_address(settings: "Settings", env_file: Path) -> None:
    """An exported address is this shell's: nobody asked to keep it, and it may be a trial's."""
    from orchestration.configuration.settings import STRIPE

    base = settings.stripe_api_base
    if base != STRIPE and dotenv_values(env_file).get("STRIPE_API_BASE") != base:
        console.print(
            f"STRIPE_API_BASE={base} is exported and stays out of {env_file}: what runs without it"
            " asks Stripe itself",
            highlight=False,
            soft_wrap=True,
        )


def _asked(answers: "Answers") -> "Answers":
    key = typer.prompt(
        "Metadata key that holds the account's ID (blank: an account is a Stripe customer)",
        default=answers.account_id_metadata_key or "",
        show_default=bool(answers.account_id_metadata_key),
    ).strip()
    several = typer.confirm(
        "Can a customer have several subscriptions?", default=answers.multiple_subscriptions
    )
    store = typer.prompt(
        "Account store (blank: a SQLite file in DATA_DIR)",
        default=answers.account_store_url or "",
        show_default=False,
    ).strip()
    return replace(
        answers,
        account_id_metadata_key=key or None,
        multiple_subscriptions=several,
        account_store_url=store or None,
    )


def _print(evidence: "Evidence") -> None:
    looked_at = "all" if evidence.whole else "the newest"
    console.print("The key may read everything that is needed.")
    console.print(
        f"Looked at {looked_at} {counted(evidence.customers, 'customer')}:", highlight=False
    )
    rows = [
        {
            "metadata key": found.key,
            "customers": f"{found.customers:,}",
            "coverage": f"{found.customers / evidence.customers:.0%}",
            "different values": f"{found.values:,}",
        }
        for found in evidence.keys[:SHOWN]
    ]
    console.print(table(rows, title="metadata keys") if rows else "no customer carries metadata")
    console.print(
        f"customers with several subscriptions now: {evidence.several:,} of"
        f" {evidence.subscribed:,} that have one",
        highlight=False,
    )


def _finish(
    evidence: "Evidence", answers: "Answers", written: Path | None, *, as_json: bool
) -> None:
    if as_json:
        lines = {k: v for k, v in answers.lines().items() if k != "ACCOUNT_STORE_URL"}
        found = {"evidence": asdict(evidence), "settings": lines, "written": written}
        console.print_json(json.dumps(found, default=str))
        return
    for name, value in answers.lines().items():
        shown = "(set)" if name == "ACCOUNT_STORE_URL" else value or "(blank)"
        console.print(f"{name}={shown}", highlight=False)
    if written:
        console.print(f"written to {written}. Next: stripe-traits sync", highlight=False)
    else:
        console.print("nothing was written (--dry-run)")
