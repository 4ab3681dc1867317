"""What the commands have in common on the terminal."""

import importlib
from datetime import UTC, datetime
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.terminal.failures import CODES
from orchestration.terminal.output import moment_option


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2025-06-15", datetime(2025, 6, 15, tzinfo=UTC)),
        ("2025-06-15T08:30:00", datetime(2025, 6, 15, 8, 30, tzinfo=UTC)),
        ("2025-06-15T08:30:00Z", datetime(2025, 6, 15, 8, 30, tzinfo=UTC)),
        ("2025-06-15T08:30:00+02:00", datetime(2025, 6, 15, 6, 30, tzinfo=UTC)),
    ],
)
def test_moment_without_an_offset_is_of_utc(given: str, moment: datetime) -> None:
    told: list[datetime | None] = []
    command = typer.Typer()

    @command.command()
    def tell(at: Annotated[datetime | None, moment_option()] = None) -> None:
        told.append(at)

    assert CliRunner().invoke(command, ["--at", given]).exit_code == 0
    assert CliRunner().invoke(command, []).exit_code == 0
    assert told == [moment, None]


@pytest.mark.parametrize("command", ["sync", "plan", "retry", "replay", "sandbox"])
def test_what_is_no_moment_is_named_with_the_way_to_write_one(command: str) -> None:
    options = {"sync": "--as-of", "plan": "--as-of", "sandbox": "--now"}
    ended = CliRunner().invoke(app, [command, options.get(command, "--since"), "2025-13"])
    assert ended.exit_code == 2
    assert "'2025-13' is no moment" in ended.output
    assert "2025-06-15T08:30:00" in ended.output


@pytest.mark.parametrize("name", CODES)
def test_what_has_an_exit_code_is_an_error_of_that_name(name: str) -> None:
    module, _, error = name.rpartition(".")
    found = getattr(importlib.import_module(module), error)
    assert issubclass(found, Exception)
    assert found.__module__ == module
