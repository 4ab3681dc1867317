"""`stripe-traits sync`: arguments in, one refresh end to end, its summary printed."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from orchestration.failures import explained
from orchestration.settings import read_settings
from orchestration.terminal import Json, Override, console, named_guards, reporting


def sync(
    full: Annotated[
        bool, typer.Option("--full", help="Read everything again instead of the changes.")
    ] = False,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            help="The moment (UTC) that trials, discounts and periods are judged at; default: now.",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"],
        ),
    ] = None,
    override: Override = None,
    json: Json = False,
) -> None:
    """Refresh end to end: Stripe, marts, account store. The first one imports everything."""
    with explained():
        settings = read_settings()
        from orchestration import refresh, summary
        from reverse_sync.store_url import check

        guards = named_guards(override)
        check(settings.target)

        moment = as_of.replace(tzinfo=UTC) if as_of else None
        with reporting() as reporter:
            result = refresh.refresh(settings, reporter, full=full, as_of=moment, overridden=guards)
        summary.print_sync(console, summary.of_sync(result, settings.marts), as_json=json)
