"""What is wrong with `alerts.yml`: its YAML, its keys and values, the segments that rules name.

Enters: the files. Leaves: findings.
"""

from collections.abc import Iterator

from orchestration.alert_rules.rules_file import MOST_BYTES, rules_and_findings
from orchestration.configuration.named_files import NamedFiles
from orchestration.user_files.finding import Finding
from orchestration.user_files.yaml_file import YamlFile
from report.segments.segments_file import saved


def alerts_findings(files: NamedFiles) -> Iterator[Finding]:
    """No file is none."""
    rules, found = rules_and_findings(files.alerts_file)
    yield from found
    segments, unreadable = saved(files.segments_file)
    if unreadable:
        return
    file, names = YamlFile(files.alerts_file, MOST_BYTES), {one.name for one in segments}
    for number, rule in rules.items():
        if rule.segment and rule.segment not in names:
            text = f"rule '{rule.name}': {files.segments_file} has no segment '{rule.segment}'"
            yield file.finding(("rules", number, "segment"), f"{text}: save it, or name another")
