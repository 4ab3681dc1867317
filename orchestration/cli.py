"""The command line `stripe-traits`: one line a command.

Enters: arguments and settings. Leaves: text on the terminal, an exit code (0 done, 1 failed,
2 wrong usage or settings, 3 blocked by a guard). What a command does stands in `commands/`; heavy
imports wait until one runs.
"""

from typing import Annotated

import typer

from orchestration.commands import (
    backup,
    check,
    connect,
    demo,
    live,
    pages,
    plan,
    reconcile,
    repair,
    replay,
    sync,
    tracking,
    ui,
)
from orchestration.commands.segments import commands as segments
from orchestration.commands.servers import mcp, report, sandbox, webhooks

app = typer.Typer(
    help="Stripe's customers, subscriptions and paid invoices as traits and MRR in your account"
    " store. Settings come from the environment and .env; .env.example explains each.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # it can print secrets, and a ring of causes never ends
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"stripe-traits {version('stripe-traits')}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print it and end.")
    ] = False,
) -> None:
    """Options without a command."""


app.command()(demo.demo)
app.command()(connect.connect)
app.command()(check.check)
app.command()(sync.sync)
app.command()(plan.plan)
app.command()(plan.apply)
app.command()(repair.retry)
app.command()(repair.undo)
app.command()(repair.resync)
app.command()(reconcile.reconcile)
app.command()(live.live)
app.command()(pages.status)
app.command()(pages.explain)
app.command()(pages.settings)
app.command()(report.report)
app.command()(mcp.mcp)
app.command()(ui.ui)
app.add_typer(segments.app, name="segments")
app.add_typer(tracking.app, name="tracking")
app.command()(webhooks.webhooks)
app.command()(replay.replay)
app.command()(backup.backup)
app.command()(backup.restore)
app.command()(sandbox.sandbox)

if __name__ == "__main__":
    app()
