"""`stripe-traits sandbox`: arguments in, a local Stripe served until it is interrupted."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from orchestration.terminal.failures import explained
from orchestration.terminal.output import console, moment_option


def sandbox(  # noqa: PLR0913, PLR0917  one argument an option
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 12111,
    customers: Annotated[
        int | None,
        typer.Option(
            min=0, help="How many customers to make up; default: as many as --data holds, or 2000."
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="The same seed and --now give the same business; default: that of --data, or 1."
        ),
    ] = None,
    now: Annotated[
        datetime | None,
        moment_option(
            help="The sandbox's today (UTC); default: that of --data, or this day's beginning."
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The SQLite file of its state; default: a temporary one.")
    ] = None,
    api_version: Annotated[
        str | None, typer.Option(help="The account's version, for its events and by default.")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="One more key: sk_live_a, rk_test_a:customers,invoices, sk_live_b@acct_b."
            " Repeatable."
        ),
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(
            help="One more Stripe account: acct_b=sk_test_b with a key of its own, acct_c connected"
            " to the first (header Stripe-Account). Repeatable."
        ),
    ] = None,
    webhook: Annotated[
        list[str] | None,
        typer.Option(
            help="An address that gets every event, signed; repeatable. The secret is printed."
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="'unavailable /v1/invoices #3', 'reset 1%', 'webhook_late invoice.* 5% 30s'."
            " Repeatable."
        ),
    ] = None,
    latency: Annotated[float, typer.Option(min=0, help="Seconds before every answer.")] = 0.0,
    limits: Annotated[
        bool, typer.Option("--limits", help="Turn requests away by Stripe's documented limits.")
    ] = False,
) -> None:
    """Serve a local Stripe with a made-up business, to try everything without a key."""
    with explained():
        from sandbox import options
        from sandbox.server import run

        settings = options.settings(
            seed=seed or 1,
            faults=fault or (),
            keys=key or (),
            accounts=account or (),
            webhooks=webhook or (),
            api_version=api_version,
            latency=latency,
            limits=limits,
        )

        run(
            customers=customers,
            seed=seed,
            now=int(now.timestamp()) if now else None,
            path=data,
            keys=settings.keys,
            accounts=settings.accounts,
            webhooks=settings.webhooks,
            faults=settings.faults,
            api_version=settings.api_version,
            port=port,
            on_ready=_announce,
            on_webhook=_show_secret,
            on_progress=_made_up,
        )


def _made_up(done: int, customers: int) -> None:
    if done and done % 10_000 == 0:
        console.print(f"{done:,} of {customers:,} customers made up", highlight=False)


def _show_secret(address: str, secret: str) -> None:
    """Shown once more at each start: it guards nothing but a made-up business, so it does not go
    the way on which secrets are hidden."""
    typer.echo(f"  webhooks go to {address}\n  STRIPE_WEBHOOK_SECRETS={secret}")


def _announce(base_url: str) -> None:
    console.print(
        f"sandbox ready: {base_url}\n"
        f"  STRIPE_API_BASE={base_url} stripe-traits sync   (its test key is assumed)",
        soft_wrap=True,
        highlight=False,
    )
