"""`stripe-traits plan` and `apply`: what would be sent, and to send exactly that."""

from datetime import datetime
from typing import Annotated
from uuid import uuid4

import typer

from orchestration.terminal.failures import explained
from orchestration.terminal.output import (
    Json,
    Override,
    To,
    console,
    moment_option,
    named_guards,
    reporting,
)

AsOf = Annotated[
    datetime | None,
    moment_option(
        help="The moment (UTC) that lifecycles are judged at; default: now.",
    ),
]


def plan(
    limit: Annotated[int, typer.Option(help="Accounts to print.", min=0)] = 50,
    as_of: AsOf = None,
    to: To = None,
    json: Json = False,
) -> None:
    """What would be sent to the account store now: creates, updates, churns, skips. Sends nothing.

    The digest stands for exactly this plan: `stripe-traits apply --plan DIGEST` sends it.
    """
    with explained():
        from orchestration.configuration.stores.further_stores import store_settings

        settings = store_settings(to)
        from orchestration.clock import now
        from orchestration.pages import plan_page
        from orchestration.publication import marts
        from orchestration.stages.delivery import sent_mode, sync_context
        from reverse_sync.sync import preview
        from reverse_sync.sync_request import SyncRequest

        marts.need(settings.marts)
        moment = now()
        request = SyncRequest(run_id="plan", as_of=as_of or moment, now=moment)
        with reporting() as reporter:
            found = preview(sync_context(settings, reporter), request)
        plan_page.print_plan(console, found, as_json=json, limit=limit, to=to)
        if not json and sent_mode(settings) != settings.multiple_subscriptions:
            console.print(
                f"MULTIPLE_SUBSCRIPTIONS={str(settings.multiple_subscriptions).lower()} takes"
                " effect with the next 'stripe-traits sync'",
                soft_wrap=True,
                highlight=False,
            )


def apply(  # noqa: PLR0913, PLR0917 (each an option)
    digest: Annotated[str, typer.Option("--plan", help="The digest that `plan` printed.")],
    override: Override = None,
    approved_by: Annotated[
        str | None,
        typer.Option(help="Who has looked at this plan, too, where GUARD_APPROVAL asks for it."),
    ] = None,
    as_of: AsOf = None,
    to: To = None,
    json: Json = False,
) -> None:
    """Send exactly the plan of that digest; refuse with exit 3 if the data has moved since."""
    with explained():
        guards = named_guards(override)
        if approved_by is not None and not approved_by.strip():
            raise typer.BadParameter("--approved-by needs the name of who has looked")
        from orchestration.configuration.stores.further_stores import store_settings

        settings = store_settings(to)
        from orchestration.clock import now
        from orchestration.pages import plan_page
        from orchestration.publication import marts
        from orchestration.stages.delivery import run_delivery
        from reverse_sync.sync_request import SyncRequest

        marts.need(settings.marts)
        moment = now()
        request = SyncRequest(
            run_id=str(uuid4()),
            as_of=as_of or moment,
            now=moment,
            kind="apply",
            digest=digest,
            overridden=guards,
            approved_by=approved_by,
        )
        with reporting() as reporter:
            result = run_delivery(settings, reporter, request)
        plan_page.print_result(console, result, as_json=json)
