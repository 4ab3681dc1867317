"""`stripe-traits plan` and `apply`: what would be sent, and to send exactly that."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

import typer

from orchestration.failures import explained
from orchestration.settings import read_settings
from orchestration.terminal import Json, Override, console, named_guards, reporting

AsOf = Annotated[
    datetime | None,
    typer.Option(
        help="The moment (UTC) that lifecycles are judged at; default: now.",
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"],
    ),
]


def plan(
    limit: Annotated[int, typer.Option(help="Accounts to print.", min=0)] = 50,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """What would be sent to the account store now: creates, updates, churns, skips. Sends nothing.

    The digest stands for exactly this plan: `stripe-traits apply --plan DIGEST` sends it.
    """
    with explained():
        settings = read_settings(for_stripe=False)
        from orchestration import marts, plan_page, stages
        from reverse_sync.order import Order
        from reverse_sync.sync import preview

        marts.need(settings.marts)
        now = stages.now()
        order = Order(run_id="plan", as_of=_utc(as_of) or now, now=now)
        with reporting() as reporter:
            found = preview(stages.surroundings(settings, reporter), order)
        plan_page.print_plan(console, found, as_json=json, limit=limit)


def apply(
    digest: Annotated[str, typer.Option("--plan", help="The digest that `plan` printed.")],
    override: Override = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Send exactly the plan of that digest; refuse with exit 3 if the data has moved since."""
    with explained():
        guards = named_guards(override)
        settings = read_settings(for_stripe=False)
        from orchestration import marts, plan_page, stages
        from reverse_sync.order import Order

        marts.need(settings.marts)
        now = stages.now()
        order = Order(
            run_id=str(uuid4()),
            as_of=_utc(as_of) or now,
            now=now,
            kind="apply",
            digest=digest,
            overridden=guards,
        )
        with reporting() as reporter:
            result = stages.deliver_order(settings, reporter, order)
        plan_page.print_result(console, result, as_json=json)


def _utc(given: datetime | None) -> datetime | None:
    return given.replace(tzinfo=UTC) if given else None
