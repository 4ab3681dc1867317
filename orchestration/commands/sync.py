"""`stripe-traits sync`: arguments in, one refresh end to end, its summary printed."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.configuration.environment import read_settings
from orchestration.configuration.traits_folder import OwnTraitsFailed
from orchestration.terminal.failures import explained
from orchestration.terminal.output import (
    Json,
    Override,
    console,
    moment_option,
    named_guards,
    reporting,
)
from reverse_sync.values.counted import counted

if TYPE_CHECKING:
    from orchestration.configuration.settings import Settings


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
    load_only: Annotated[
        bool,
        typer.Option(
            "--load-only", help="Only read Stripe: another machine builds of the lake and sends."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Refresh end to end: Stripe, marts, account store. The first one imports everything."""
    with explained():
        settings = read_settings()
        if load_only:
            _load(settings, full=full, as_json=json)
            return
        from orchestration.configuration.stores.further_stores import further_stores
        from orchestration.pages import summary
        from orchestration.refresh.if_due import refresh_if_due
        from orchestration.stages.stores_failed import StoresFailed
        from orchestration.validation.refused import refuse_wrong_files
        from reverse_sync.stores.account_store import AccountStoreError
        from reverse_sync.stores.url import check_settings

        guards = named_guards(override)
        check_settings(settings.target)
        refuse_wrong_files(settings)
        made: dict[str, Mapping[str, Any]] = {}
        further_stores(settings)  # what is wrong in stores.yml is told before anything is read
        failed: AccountStoreError | None = None
        own_traits: OwnTraitsFailed | None = None
        with reporting() as reporter:
            try:
                refresh_if_due(
                    settings,
                    reporter,
                    full=full,
                    as_of=as_of,
                    overridden=guards,
                    on_made=made.update,
                )
            except AccountStoreError as error:  # what came before it was done
                failed = error
            except OwnTraitsFailed as error:  # all else was done
                own_traits = error
        of_main = None if isinstance(failed, StoresFailed) else failed
        done = summary.of_sync(made, settings, failed=of_main)
        summary.print_sync(console, done, as_json=json)
        if settings.alerts_file.exists():
            from orchestration.monitoring.rule_alerts import notify_rules

            notify_rules(settings)
        if problem := failed or own_traits:
            raise problem


def _load(settings: "Settings", *, full: bool, as_json: bool) -> None:
    from orchestration.stages.load import load_stage

    with reporting() as reporter:
        found = load_stage(settings, reporter, full=full)
    landed = {name: rows for name, rows in sorted(found.rows.items()) if rows}
    if as_json:
        console.print_json(data={"full": found.full, "why_full": found.why, "landed": landed})
        return
    how = f"everything ({found.why})" if found.full else "the changes"
    console.print(
        f"Stripe         read {how}: {counted(sum(landed.values()), 'row')}", highlight=False
    )
