"""The settings that no secret is among: when schedules run, and where the user's own files are.

Enters: environment variables and `.env`. Leaves: frozen settings. With these alone the code
location loads, and files are checked where other settings are wrong.
"""

from pathlib import Path
from typing import Any

from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from orchestration.configuration import checks

ENV_FILE = ".env"


class ScheduleSettings(BaseSettings):
    """What the code location needs to load: no secret among it."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    @model_validator(mode="before")
    @classmethod
    def _blank_means_the_default(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {
            name: value
            for name, value in given.items()
            if not isinstance(value, str) or value.strip()
        }

    nightly_schedule: str = "0 2 * * *"
    refresh_schedule: str = "*/5 * * * *"
    lake_upkeep_schedule: str = "0 4 * * *"
    schedule_time_zone: str = "UTC"


def schedule_problems(settings: ScheduleSettings) -> list[str]:
    """One line for each wrong schedule."""
    return [
        *checks.schedule("NIGHTLY_SCHEDULE", settings.nightly_schedule),
        *checks.schedule("REFRESH_SCHEDULE", settings.refresh_schedule),
        *checks.schedule("LAKE_UPKEEP_SCHEDULE", settings.lake_upkeep_schedule),
        *checks.time_zone(settings.schedule_time_zone),
    ]


class NamedFiles(ScheduleSettings):
    """Files of the user's that hold more than a setting can: they are read on their own."""

    segments_file: Path = Path("segments.yml")
    alerts_file: Path = Path("alerts.yml")
    traits_dir: Path | None = None
    stores_file: Path = Path("stores.yml")

    @property
    def missing_segments(self) -> list[str]:
        """For `check` alone: the pages and the command write that file, perhaps later."""
        return checks.named_file(self.segments_file, "SEGMENTS_FILE", self.model_fields_set)
