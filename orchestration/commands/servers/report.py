"""`stripe-traits report`: the pages for people who look, served until it is told to stop."""

import webbrowser
from typing import Annotated

import typer

from orchestration.terminal.failures import explained
from orchestration.terminal.logs import is_json, log
from orchestration.terminal.output import console

STRIPE = "https://dashboard.stripe.com"


def report(
    host: Annotated[
        str, typer.Option(help="Listen here; anything but this machine asks for a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 4000,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A name that a proxy in front is reached by; asks for a token."),
    ] = None,
    dagster: Annotated[
        str, typer.Option(help="Where Dagster's page is, for links to runs.")
    ] = "http://127.0.0.1:3000",
    browse: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Pages of MRR, movements and accounts for people who look, on the published copy.

    It reads only, shows each new build at once, and stops no refresh. It shows customers' data:
    beyond this machine the address that is printed has a token (REPORT_TOKEN, else a new one).
    """
    with explained():
        from orchestration.configuration.environment import read_settings
        from orchestration.configuration.settings import revealed

        settings = read_settings(for_stripe=False)
        from report.page import Site
        from report.serving.app import application
        from report.serving.security import rules
        from report.serving.server import listener, serve

        ruled = rules(host, name or (), revealed(settings.report_token))
        listening = listener(host, port)
        url = _address(host, listening.getsockname()[1])
        shown = "REPORT_TOKEN" if settings.report_token else ruled.token
        _say(f"report: {_with_token(url, shown if ruled.token else None)}   (Ctrl-C ends it)")
        if browse:
            webbrowser.open(_with_token(url, ruled.token))
        stripe = STRIPE if settings.is_live else f"{STRIPE}/test"
        hours, segments = settings.freshness_hours, settings.segments_file
        site = Site(stripe, dagster.rstrip("/"), hours, segments)
        serve(listening, application(settings.marts, ruled, site), say=_say)


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _with_token(url: str, token: str | None) -> str:
    """A token of the settings is a secret: its name stands for it where the address is shown."""
    return f"{url}?token={token}" if token else url


def _say(line: str) -> None:
    if is_json():
        log.info(line)
        return
    console.print(line, soft_wrap=True, highlight=False, markup=False)
