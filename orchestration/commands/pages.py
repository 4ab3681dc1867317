"""`stripe-traits status` and `explain`: what is known, printed as a page."""

from typing import Annotated

import typer

from orchestration.configuration.environment import read_settings
from orchestration.terminal.failures import explained
from orchestration.terminal.output import Json, console


def status(json: Json = False) -> None:
    """What is in the marts and in the account store, how fresh, and what is waiting."""
    with explained():
        settings = read_settings(for_stripe=False)
        from orchestration.pages import status as page

        page.print_status(console, page.read_status(settings), as_json=json)


def explain(
    account: Annotated[str, typer.Argument(help="The account's id, as in account_traits.")],
    trait: Annotated[
        str | None,
        typer.Argument(
            help="One trait, such as mrr_normalized or, as in the store, stripe.metadata.plan."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Why an account shows its values: MRR item by item, and where each trait comes from."""
    with explained():
        settings = read_settings(for_stripe=False)
        from orchestration.pages import explain as page

        page.print_explanation(console, page.read(settings.marts, account, trait), as_json=json)
