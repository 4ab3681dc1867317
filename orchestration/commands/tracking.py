"""`stripe-traits tracking`: which traits tell revenue, churn, renewal, trial, and who set them."""

import json as to_json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.pages.tables import table
from orchestration.terminal.failures import explained
from orchestration.terminal.output import Json, To, console, reporting

if TYPE_CHECKING:
    from reverse_sync.values.tracking import Setting, SettingChange, Tracking

    Decide = Callable[[Tracking, Sequence[SettingChange]], Sequence[SettingChange]]

app = typer.Typer(
    help="Which traits tell an account's revenue, churn, renewal and trial. Enabling the"
    " integration, and changing MULTIPLE_SUBSCRIPTIONS, sets them to Stripe's; what was there"
    " before can be restored, and what you set yourself stays until the next change of mode."
    " Accounts follow with the next sync.",
)


@app.callback(invoke_without_command=True)
def show(context: typer.Context, to: To = None, json: Json = False) -> None:
    """The settings now, and what enabling the integration replaced."""
    context.obj = to
    if context.invoked_subcommand is not None:
        return
    with explained():
        from orchestration.configuration.stores.further_stores import store_settings
        from reverse_sync.stores.url import opened
        from reverse_sync.values.tracking import overridden

        with opened(store_settings(to).target) as store:
            tracking = store.read_tracking()
            replaced = overridden([change for _, change in store.read_tracking_history()])
    if json:
        console.print_json(to_json.dumps(_as_json(tracking, replaced)))
    else:
        _print(tracking, replaced)


@app.command("set")
def edit(
    context: typer.Context,
    aspect: Annotated[str, typer.Argument(help="revenue, churn, renewal or trial.")],
    trait: Annotated[
        str | None, typer.Argument(help="The trait to read, such as app.trialUntil.")
    ] = None,
    rule: Annotated[
        str, typer.Option(help="How to read it; none: do not track. A wrong one lists the others.")
    ] = "none",
) -> None:
    """Set one aspect yourself: `tracking set trial app.trialUntil --rule end_date`."""
    with explained():
        from reverse_sync.values.tracking import editing

        _change(
            context.obj,
            lambda tracking, _history: [editing(tracking, aspect=aspect, trait=trait, rule=rule)],
        )


@app.command()
def restore(
    context: typer.Context,
    aspects: Annotated[
        list[str] | None, typer.Argument(help="Which aspects; none named: all that were replaced.")
    ] = None,
) -> None:
    """Bring back what enabling the integration replaced."""
    with explained():
        from reverse_sync.values.tracking import restoring

        _change(
            context.obj,
            lambda tracking, history: restoring(tracking, history, aspects=aspects or ()),
        )


def _change(to: str | None, decide: "Decide") -> None:
    from orchestration.configuration.stores.further_stores import store_settings
    from orchestration.repairs import change_tracking

    with reporting() as reporter:
        changes = change_tracking(store_settings(to), reporter, decide)
    for change in changes:
        console.print(
            f"{change.new.aspect}: {_words(change.new)} (was {_words(change.old)})", highlight=False
        )
    if not changes:
        console.print("nothing to change: it is so already")


def _words(setting: "Setting | None") -> str:
    if setting is None or setting.trait is None:
        return "not tracked"
    return f"{setting.trait} as {setting.rule}"


def _as_json(tracking: "Tracking", replaced: "dict[str, Setting]") -> dict[str, Any]:
    return {
        "mode": tracking.mode,
        "settings": {aspect: vars(setting) for aspect, setting in tracking.settings.items()},
        "overridden": {aspect: vars(setting) for aspect, setting in replaced.items()},
    }


def _print(tracking: "Tracking", replaced: "dict[str, Setting]") -> None:
    if tracking.mode is None:
        console.print("the integration is not enabled here yet: the first sync does that")
    rows = [
        {
            "aspect": aspect,
            "reads": _words(setting),
            "owner": setting.owner,
            "replaced": _words(replaced[aspect]) if aspect in replaced else None,
        }
        for aspect, setting in sorted(tracking.settings.items())
    ]
    console.print(table(rows))
    if replaced:
        console.print("`stripe-traits tracking restore [ASPECT]` brings back what was replaced")
