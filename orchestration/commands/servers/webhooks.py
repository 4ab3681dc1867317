"""`stripe-traits webhooks`: settings in, deliveries received until it is told to stop."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.configuration.environment import WrongSettings, read_settings
from orchestration.terminal.failures import explained
from orchestration.terminal.logs import is_json, log
from orchestration.terminal.output import console

if TYPE_CHECKING:
    from ingestion.webhooks.metrics import Counts
    from orchestration.configuration.settings import Settings


def webhooks(
    host: Annotated[
        str, typer.Option(help="Listen here; anything but this machine wants TLS in front of it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 12112,
) -> None:
    """Receive Stripe's webhooks (POST /webhooks) into the inbox; the next sync reads what changed.

    An event is answered with 2xx once it is on disk. GET /health says how it is,
    GET /metrics gives the figures of status in Prometheus' text form. Needs
    STRIPE_WEBHOOK_SECRETS; register the endpoint at Stripe with the version STRIPE_API_VERSION.
    A secret or account that comes to .env or the inbox later is taken without a restart.
    """
    with explained():
        settings = read_settings()
        if not settings.webhook_secrets:
            raise WrongSettings(
                "STRIPE_WEBHOOK_SECRETS is not set: set it to the endpoint's signing secret,"
                " whsec_... (Stripe's dashboard, Developers > Webhooks)"
            )
        from ingestion.webhooks import server
        from ingestion.webhooks.app import PATH
        from ingestion.webhooks.metrics import Metrics
        from orchestration.configuration.settings import revealed
        from orchestration.locks import upgraded
        from orchestration.terminal.reporter import LogReporter
        from orchestration.webhook_rules import greeting, standing

        upgraded(settings.folder, LogReporter(_say))
        listening = server.listener(host, port)
        name = f"[{host}]" if ":" in host else host
        server.serve(
            listening,
            standing(settings),
            settings.folder.inbox,
            metrics=Metrics(partial(_figures, settings), revealed(settings.metrics_token)),
            say=_say,
            greet=lambda: greeting(settings, _say),
            ready=f"receiving: http://{name}:{listening.getsockname()[1]}{PATH}",
        )


def _figures(settings: "Settings", counts: "Counts") -> str:
    """Loaded when somebody asks: the receiver itself needs no DuckDB."""
    from orchestration.monitoring.metrics.of_receiver import written

    return written(settings, counts)


def _say(line: str) -> None:
    if is_json():
        log.info(line)
        return
    console.print(line, soft_wrap=True, highlight=False, markup=False)
