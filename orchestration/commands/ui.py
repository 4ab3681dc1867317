"""`stripe-traits ui`: Dagster's page and daemon, or one process of them."""

from enum import StrEnum
from typing import Annotated

import typer

from orchestration.terminal.failures import explained


class Process(StrEnum):
    """The processes of a server; the daemon and the page wait for the code."""

    CODE = "code"
    DAEMON = "daemon"
    WEBSERVER = "webserver"


def ui(
    process: Annotated[
        Process | None, typer.Argument(help="One process alone, on a server. Default: all.")
    ] = None,
    host: Annotated[str, typer.Option(help="The page listens here; it asks for no password.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The page's.")] = 3000,
) -> None:
    """Dagster's page, and the daemon that starts jobs by their schedules and sensors.

    Where no Stripe account is configured it shows the demo's business, if there is one.
    """
    page = _page(host, port) if process in (None, Process.WEBSERVER) else []
    from orchestration.dagster_local.ui import main

    main([*([process.value] if process else []), *page])


def _page(host: str, port: int) -> list[str]:
    """Where a port is taken Dagster would say so in a traceback, after half a minute."""
    with explained():
        from report.serving.server import listener

        listener(host, port).close()
    return ["-h", host, "-p", str(port)]
