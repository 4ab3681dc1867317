"""`stripe-traits status`, `explain` and `settings`: what is known, printed as a page."""

from typing import Annotated

import typer

from orchestration.configuration.environment import read_settings
from orchestration.terminal.failures import WrongUsage, explained
from orchestration.terminal.output import Json, console


def status(
    json: Json = False,
    prometheus: Annotated[
        bool, typer.Option("--prometheus", help="Print metrics in Prometheus' text form.")
    ] = False,
) -> None:
    """What is in the marts and in the account store, how fresh, and what is waiting."""
    with explained():
        settings = read_settings(for_stripe=False)
        if json and prometheus:
            raise WrongUsage("--json and --prometheus exclude each other: give one")
        from orchestration.monitoring.status import read_status

        found = read_status(settings)
        if prometheus:
            from orchestration.monitoring.metrics.exposition import exposition
            from orchestration.monitoring.metrics.of_status import metrics

            typer.echo(exposition(metrics(found)), nl=False)
            return
        from orchestration.pages.status import print_status

        print_status(console, found, as_json=json)


def settings() -> None:
    """Every setting with its explanation, to be kept as .env where there is no checkout."""
    from orchestration.project import PROJECT

    typer.echo((PROJECT / ".env.example").read_text(), nl=False)


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
