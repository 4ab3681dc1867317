"""Whether the marts are what a build would make of them now, segments and alerts: read, not built.

Enters: the warehouse, the published copy, the settings, `as_of`. Leaves: why a build is due, or
None. dbt is not needed for it, and not imported.
"""

from datetime import datetime

from orchestration.build.scope import BuildKind, decide
from orchestration.configuration.settings import Settings
from orchestration.locks import open_warehouse
from orchestration.publication.mark import published_build
from orchestration.stages.alerts import alerts_due
from orchestration.stages.segments import segments_due
from orchestration.terminal.reporter import Reporter


def build_due(settings: Settings, reporter: Reporter, *, as_of: datetime) -> str | None:
    """Why the marts must be built again at `as_of`; None: they are what they would be."""
    with open_warehouse(settings.folder, reporter) as database:
        scope = decide(database, settings, as_of=as_of)
        if scope.kind is not BuildKind.NOTHING:
            return scope.why
        if published_build(database, settings.marts) != scope.id:
            return "the last build was not published"
        return segments_due(database, settings, as_of=as_of) or alerts_due(
            database, settings, as_of=as_of
        )
