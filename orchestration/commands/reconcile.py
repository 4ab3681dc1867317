"""`stripe-traits reconcile`: what is there beside what should be there, at both ends."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.configuration.environment import WrongSettings, read_settings
from orchestration.pages.tables import table
from orchestration.terminal.failures import explained
from orchestration.terminal.output import Json, Override, To, console, named_guards, reporting
from orchestration.terminal.reporter import Reporter

if TYPE_CHECKING:
    from orchestration.configuration.settings import Settings


def reconcile(  # noqa: PLR0913, PLR0917 (each an option)
    stripe: Annotated[
        bool, typer.Option("--stripe", help="Compare Stripe with the warehouse, and repair it.")
    ] = False,
    store: Annotated[
        bool, typer.Option("--store", help="Compare the account store with what it acknowledged.")
    ] = False,
    marts: Annotated[
        bool,
        typer.Option(
            "--marts", help="Build every mart again by dbt, beside the warehouse, and compare."
        ),
    ] = False,
    share: Annotated[
        str, typer.Option(help="A part of Stripe, by when objects were made: 1/7 to 7/7 are all.")
    ] = "1/1",
    allow_gone: Annotated[
        bool, typer.Option("--allow-gone", help="Mark what is gone this once, however much it is.")
    ] = False,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="The store's side: bring what was changed by hand, or is missing, back to the"
            " model; and what is known of the store back to what it holds, where that was lost.",
        ),
    ] = False,
    to: To = None,
    override: Override = None,
    json: Json = False,
) -> None:
    """Compare with Stripe (and read again what differs) and with the account store; both if none
    is named. The store's differences stand in sync_drift; only --repair changes it. What
    --marts finds stands in mart_comparisons; sync --full builds all of them again."""
    with explained():
        guards = named_guards(override)
        neither = not (stripe or store or marts)
        settings = read_settings(for_stripe=stripe or (neither and to is None))
        from orchestration.configuration.stores.further_stores import store_settings

        told: dict[str, Any] = {}
        store, stripe = store or to is not None, stripe or (neither and to is None)
        with reporting() as reporter:
            if stripe:
                told["stripe"] = _with_stripe(settings, reporter, share, allow_gone=allow_gone)
                if not json:
                    found = told["stripe"]
                    console.print(table(found, title=f"Stripe beside the warehouse, {share}"))
            if store or neither:
                told["store"] = _with_store(
                    store_settings(to) if to else settings,
                    reporter,
                    repair=repair,
                    overridden=guards,
                    quiet=json,
                )
            if marts:
                told["marts"] = _with_full_build(settings, reporter)
                if not json:
                    console.print(told["marts"]["told"])
        if json:
            console.print_json(data=told, default=str)


def _with_stripe(
    settings: "Settings", reporter: Reporter, share: str, *, allow_gone: bool
) -> list[dict[str, Any]]:
    from ingestion.reconcile.slices import Share
    from orchestration.stages.load import reconcile_stage

    try:
        part = Share.read(share)
    except ValueError as error:
        raise WrongSettings(f"--share: {error}") from None
    compared = reconcile_stage(settings, reporter, share=part, allow_gone=allow_gone)
    return [{"stream": name, **asdict(counts)} for name, counts in compared.items()]


def _with_store(
    settings: "Settings",
    reporter: Reporter,
    *,
    repair: bool,
    overridden: frozenset[str],
    quiet: bool,
) -> dict[str, Any]:
    from orchestration import repairs
    from orchestration.pages import drift_page

    drift, result = repairs.reconcile(settings, reporter, repair=repair, overridden=overridden)
    if not quiet:
        for line in drift_page.lines(drift, result):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    return drift_page.as_json(drift, result)


def _with_full_build(settings: "Settings", reporter: Reporter) -> dict[str, Any]:
    from orchestration.clock import now
    from orchestration.stages.compare_builds import compare_builds, line

    found = compare_builds(settings, reporter, at=now())
    return {**asdict(found), "told": line(found)}
