"""Everything that `stripe-traits check` looks at: a new file of the user's joins the list here.

Enters: where the user's files are. Leaves: findings, file by file. No check asks a server or reads
data.
"""

from collections.abc import Callable, Iterator

from orchestration.configuration.named_files import NamedFiles
from orchestration.user_files.finding import Finding
from orchestration.validation.alerts_check import alerts_findings
from orchestration.validation.own_traits_check import own_traits_findings
from orchestration.validation.segments_check import segments_findings
from orchestration.validation.settings_check import settings_findings
from orchestration.validation.stores_check import stores_findings

Check = Callable[[NamedFiles], Iterator[Finding]]
CHECKS: tuple[Check, ...] = (
    settings_findings,
    segments_findings,
    alerts_findings,
    own_traits_findings,
    stores_findings,
)


def findings() -> list[Finding]:
    """All of them. Where the settings are wrong, the files that they name are checked all the
    same."""
    files = NamedFiles()
    return [one for check in CHECKS for one in check(files)]
