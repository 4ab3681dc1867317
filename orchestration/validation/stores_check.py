"""What is wrong with `stores.yml`: its YAML, its keys, traits that are none, names taken twice, an
address that is missing or wrong.

Enters: the file, the environment. Leaves: findings. No store is asked.
"""

from collections.abc import Iterator

from orchestration.configuration.environment import WrongSettings, judged_settings
from orchestration.configuration.named_files import NamedFiles
from orchestration.configuration.settings import Settings
from orchestration.configuration.stores.further_stores import further_stores
from orchestration.configuration.stores.store_file import MOST_BYTES, stores
from orchestration.user_files.finding import Finding
from orchestration.user_files.yaml_file import YamlFile
from report.segments.segments_file import saved


def stores_findings(files: NamedFiles) -> Iterator[Finding]:
    """No file is none."""
    file = YamlFile(files.stores_file, MOST_BYTES)
    yield from file.unreadable
    if file.data is None:
        return
    wrong = stores(file.data).wrong
    for one in wrong:
        yield file.finding(one.at, one.text)
    for name, definition in stores(file.data).defined.items():
        if definition.segment and definition.segment not in _segments(files):
            text = f"no segment '{definition.segment}' in {files.segments_file}: correct the name"
            yield file.finding(("stores", name, "segment"), text)
    settings, _ = judged_settings(for_stripe=False)
    if settings and not wrong:
        yield from _addresses(settings)


def _segments(files: NamedFiles) -> set[str]:
    """What is wrong in that file is told by its own check."""
    return {segment.name for segment in saved(files.segments_file)[0]}


def _addresses(settings: Settings) -> Iterator[Finding]:
    try:
        further_stores(settings)
    except WrongSettings as error:
        for line in str(error).splitlines():
            yield Finding("environment", None, line.split(" ")[0].rstrip(":"), line)
