"""`stripe-traits reconcile`: arguments in, the warehouse compared with Stripe and repaired."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from orchestration.failures import explained
from orchestration.reporter import Reporter
from orchestration.settings import Settings, WrongSettings, read_settings
from orchestration.tables import table
from orchestration.terminal import Json, console, reporting


def reconcile(
    stripe: Annotated[  # noqa: ARG001  it names the one side that there is
        bool, typer.Option("--stripe", help="Compare Stripe with the warehouse, and repair it.")
    ] = False,
    share: Annotated[
        str, typer.Option(help="A part of Stripe, by when objects were made: 1/7 to 7/7 are all.")
    ] = "1/1",
    allow_gone: Annotated[
        bool, typer.Option("--allow-gone", help="Mark what is gone this once, however much it is.")
    ] = False,
    json: Json = False,
) -> None:
    """Compare ids and contents with Stripe, read again what differs, mark what is gone."""
    with explained():
        settings = read_settings()
        with reporting() as reporter:
            found = _with_stripe(settings, reporter, share, allow_gone=allow_gone)
        if json:
            console.print_json(data={"stripe": found})
        else:
            console.print(table(found, title=f"Stripe beside the warehouse, {share}"))


def _with_stripe(
    settings: Settings, reporter: Reporter, share: str, *, allow_gone: bool
) -> list[dict[str, Any]]:
    from ingestion.shares import Share
    from orchestration.stages import reconcile_stage

    try:
        part = Share.read(share)
    except ValueError as error:
        raise WrongSettings(f"--share: {error}") from None
    compared = reconcile_stage(settings, reporter, share=part, allow_gone=allow_gone)
    return [{"stream": name, **asdict(counts)} for name, counts in compared.items()]
