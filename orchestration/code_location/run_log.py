"""What a Dagster run prints: Dagster's coloured lines, or JSON with LOG_FORMAT=json.

Enters: a run's records. Leaves: lines on standard error. The page has its own record of them.
"""

import logging
from typing import Any

from dagster import Field, InitLoggerContext, colored_console_logger, logger

from orchestration.configuration.environment import read_settings
from orchestration.configuration.secrets_in_settings import secrets
from orchestration.terminal.logs import JsonLines, StandardError

CONFIG: dict[str, Any] = {"loggers": {"console": {"config": {}}}}


@logger(
    {
        "log_level": Field(str, is_required=False, default_value="INFO"),
        "name": Field(str, is_required=False, default_value="dagster"),
    },
    description="One line an event.",
)
def console(context: InitLoggerContext) -> logging.Logger:
    settings = read_settings(for_stripe=False)
    if settings.log_format != "json":
        made: logging.Logger = colored_console_logger.logger_fn(context)
        return made
    config = context.logger_config
    plain = logging.Logger(config["name"], level=config["log_level"])
    handler = StandardError()
    handler.setFormatter(JsonLines(secrets(settings)))
    plain.addHandler(handler)
    return plain
