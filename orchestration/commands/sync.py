"""`stripe-traits sync`: arguments in, one refresh end to end, its summary printed."""

from datetime import datetime
from typing import Annotated

import typer

from orchestration.configuration.settings import read_settings
from orchestration.terminal.failures import explained
from orchestration.terminal.output import (
    Json,
    Override,
    console,
    moment_option,
    named_guards,
    reporting,
)


def sync(
    full: Annotated[
        bool, typer.Option("--full", help="Read everything again instead of the changes.")
    ] = False,
    as_of: Annotated[
        datetime | None,
        moment_option(
            help="The moment (UTC) that trials, discounts and periods are judged at; default: now.",
        ),
    ] = None,
    override: Override = None,
    json: Json = False,
) -> None:
    """Refresh end to end: Stripe, marts, account store. The first one imports everything."""
    with explained():
        settings = read_settings()
        from orchestration import refresh
        from orchestration.pages import summary
        from reverse_sync.stores.url import check

        guards = named_guards(override)
        check(settings.target)

        with reporting() as reporter:
            result = refresh.refresh(settings, reporter, full=full, as_of=as_of, overridden=guards)
        summary.print_sync(console, summary.of_sync(result, settings.marts), as_json=json)
