"""`stripe-traits retry`, `undo` and `resync`: what was refused, sent wrongly, or lost.

Enters: which letters, which run, which accounts. Leaves: one delivery and its counts.
"""

from datetime import datetime
from typing import Annotated

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


def retry(  # noqa: PLR0913, PLR0917 (each an option)
    since: Annotated[
        datetime | None,
        moment_option(
            help="Only what was parked since this moment (UTC).",
        ),
    ] = None,
    account: Annotated[str | None, typer.Option(help="Only this account's.")] = None,
    code: Annotated[
        str | None, typer.Option(help="Only those of this code, as in dead_letters.")
    ] = None,
    override: Override = None,
    to: To = None,
    json: Json = False,
) -> None:
    """Send again what the account store had refused for good (marts.dead_letters)."""
    with explained():
        guards = named_guards(override)
        from orchestration.configuration.stores.further_stores import store_settings

        settings = store_settings(to)
        from orchestration import repairs
        from orchestration.pages import plan_page
        from reverse_sync.deliver.dead_letters import Letters

        letters = Letters(since=since, account=account, code=code)
        with reporting() as reporter:
            result = repairs.retry(settings, reporter, letters, overridden=guards)
        plan_page.print_result(console, result, as_json=json)


def undo(
    run: Annotated[str, typer.Argument(help="The run's id or version, as in sync_runs.")],
    to: To = None,
    json: Json = False,
) -> None:
    """Put back what a run changed, where no later run has changed it again.

    An account that the run created is emptied, not deleted. The next sync sends what the model
    says: mend the cause (a setting, the data) before it runs.
    """
    with explained():
        from orchestration.configuration.stores.further_stores import store_settings

        settings = store_settings(to)
        from orchestration import repairs
        from orchestration.pages import plan_page

        with reporting() as reporter:
            result = repairs.undo(settings, reporter, run)
        plan_page.print_result(console, result, as_json=json)


def resync(  # noqa: PLR0913, PLR0917 (each an option)
    accounts: Annotated[list[str] | None, typer.Argument(help="Accounts to send whole.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Send every account whole, whatever was acknowledged.")
    ] = False,
    reset_baseline: Annotated[
        bool,
        typer.Option(
            "--reset-baseline",
            help="Send nothing: take what account_traits says now as held by the store.",
        ),
    ] = False,
    override: Override = None,
    to: To = None,
    json: Json = False,
) -> None:
    """Send accounts whole again: chosen ones, or --all; or take them as sent: --reset-baseline."""
    with explained():
        guards = named_guards(override)
        if sum((bool(accounts), everything, reset_baseline)) != 1:
            raise typer.BadParameter("name accounts, or --all, or --reset-baseline: one of these")
        from orchestration.configuration.stores.further_stores import store_settings

        settings = store_settings(to)
        from orchestration import repairs
        from orchestration.pages import plan_page

        with reporting() as reporter:
            if reset_baseline:
                result = repairs.reset_baseline(settings, reporter)
            else:
                chosen = tuple(accounts) if accounts else None
                result = repairs.resync(settings, reporter, chosen, overridden=guards)
        plan_page.print_result(console, result, as_json=json)
