"""`stripe-traits replay`: a moment in, the events since then acted on once more."""

import json as text
from datetime import datetime
from typing import Annotated

import typer

from orchestration.configuration.environment import WrongSettings, read_settings
from orchestration.terminal.failures import explained
from orchestration.terminal.output import Json, console, moment_option


def replay(
    since: Annotated[
        datetime | None,
        moment_option(
            help="Events created at Stripe at or after this moment (UTC).",
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every event that was ever received.")
    ] = False,
    json: Json = False,
) -> None:
    """Act on logged events again: the next sync reads from Stripe all that they name.

    The log keeps events for longer than Stripe's 30 days, and a replay only reads it. Where an
    event itself never came, `sync --full` is what helps.
    """
    with explained():
        if (since is None) != everything:
            raise WrongSettings("say which events: --since 2025-06-15, or --all; not both")
        settings = read_settings(for_stripe=False)
        from ingestion.inbox.events_db import Inbox
        from reverse_sync.values.counted import counted

        begin = int(since.timestamp()) if since else 0
        with Inbox.open(settings.folder.inbox) as inbox:
            events, pointers = inbox.replay(since=begin)
            waiting = sum(inbox.backlog().values())
        if json:
            console.print_json(text.dumps({"events": events, "waiting": waiting}))
            return
        console.print(
            f"{counted(events, 'event')}, {counted(pointers, 'change')} named:"
            f" the next sync reads {counted(waiting, 'object')}",
            soft_wrap=True,
            highlight=False,
        )
