"""Where dlt looks for its settings: the environment, as it does anyway, but quickly.

Enters: environment variables under dlt's names. Leaves: a provider in the place of dlt's own. dlt
asks for some 1,000 values a merge, and for each it first looks for a file of a secret: that was a
half of what a merge computes. No credentials of ours come that way.
"""

from typing import Any

from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import EnvironProvider
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

OURS = {"DATA_WRITER__BUFFER_MAX_ITEMS": "1"}  # a batch is written as it comes


class QuickEnvironment(EnvironProvider):
    """What is set for dlt, by its full name; ours, where it is not set."""

    def get_value(
        self,
        key: str,
        hint: type[Any],  # noqa: ARG002  (a secret is asked for like any other value)
        pipeline_name: str | None,
        *sections: str,
    ) -> tuple[Any | None, str]:
        value, name = super().get_value(key, str, pipeline_name or "", *sections)
        return OURS.get(name) if value is None else value, name


def look_quickly() -> None:
    provider = QuickEnvironment()
    Container()[PluggableRunContext].providers[provider.name] = provider
