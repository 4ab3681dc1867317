"""The command line `stripe-traits`: arguments in, the stages called, results printed.

Enters: arguments and settings. Leaves: text on the terminal, an exit code (0 done, 1 failed,
2 wrong usage or settings). No work of a stage stands here, and heavy imports wait until a command
runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestration.failures import explained
from orchestration.reporter import LogReporter, Reporter, TerminalReporter
from orchestration.settings import read_settings

app = typer.Typer(
    help="Stripe's customers, subscriptions and paid invoices as traits and MRR in your account"
    " store. Settings come from the environment and .env; .env.example explains each.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # it can print secrets, and a ring of causes never ends
    add_completion=False,
)
console = Console()
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


@app.command()
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
    json: Json = False,
) -> None:
    """Refresh end to end: Stripe, marts, account store. The first one imports everything."""
    with explained():
        settings = read_settings()
        from orchestration import refresh, summary
        from reverse_sync.store_url import check

        check(settings.store_url)

        moment = as_of.replace(tzinfo=UTC) if as_of else None
        with _reporter() as reporter:
            result = refresh.refresh(settings, reporter, full=full, as_of=moment)
        summary.print_sync(console, summary.of_sync(result, settings.marts), as_json=json)


@app.command()
def status(json: Json = False) -> None:
    """What is in the marts and in the account store, how fresh, and what is waiting."""
    with explained():
        settings = read_settings(for_stripe=False)
        from orchestration import status as page

        page.print_status(console, page.read_status(settings), as_json=json)


@app.command()
def explain(
    account: Annotated[str, typer.Argument(help="The account's id, as in account_traits.")],
    trait: Annotated[
        str | None, typer.Argument(help="One trait's column, such as mrr_normalized.")
    ] = None,
    json: Json = False,
) -> None:
    """Why an account shows its values: MRR item by item, and where each trait comes from."""
    with explained():
        settings = read_settings(for_stripe=False)
        from orchestration import explain as page

        page.print_explanation(console, page.read(settings.marts, account, trait), as_json=json)


@app.command()
def sandbox(  # noqa: PLR0913, PLR0917  one argument an option
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 12111,
    customers: Annotated[int, typer.Option(min=0, help="How many customers to make up.")] = 2000,
    seed: Annotated[int, typer.Option(help="The same seed and --now give the same business.")] = 1,
    now: Annotated[
        datetime | None,
        typer.Option(help="The sandbox's today (UTC); default: this day's beginning."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The SQLite file of its state; default: a temporary one.")
    ] = None,
    api_version: Annotated[
        str | None, typer.Option(help="The account's version, for its events and by default.")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(help="One more key: sk_live_a, rk_test_a:customers,invoices. Repeatable."),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="'unavailable /v1/invoices #3', 'reset 1%'. Repeatable."),
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
            seed=seed,
            faults=fault or (),
            keys=key or (),
            api_version=api_version,
            latency=latency,
            limits=limits,
        )

        moment = now or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        run(
            customers=customers,
            seed=seed,
            now=int(moment.replace(tzinfo=UTC).timestamp()),
            path=data,
            keys=settings.keys,
            faults=settings.faults,
            api_version=settings.api_version,
            port=port,
            on_ready=_announce,
            on_progress=_made_up,
        )


def _made_up(done: int, customers: int) -> None:
    if done and done % 10_000 == 0:
        console.print(f"{done:,} of {customers:,} customers made up", highlight=False)


def _announce(base_url: str) -> None:
    console.print(
        f"sandbox ready: {base_url}\n"
        f"  STRIPE_API_BASE={base_url} stripe-traits sync   (its test key is assumed)",
        soft_wrap=True,
        highlight=False,
    )


@contextmanager
def _reporter() -> Iterator[Reporter]:
    errors = Console(stderr=True)
    if errors.is_terminal:
        with TerminalReporter(errors) as reporter:
            yield reporter
    else:
        yield LogReporter(lambda line: errors.print(line, soft_wrap=True, highlight=False))


if __name__ == "__main__":
    app()
