"""`alerts.yml`: the alert rules, as data that can be reviewed.

Enters: the file's path. Leaves: rules, or findings with their lines. No file means no rules.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestration.alert_rules.definition import Rule, right_and_wrong
from orchestration.user_files.finding import Finding
from orchestration.user_files.yaml_file import YamlFile

MOST_BYTES = 1 << 20


class WrongRules(ValueError):
    """One line for each finding: file, line, key and remedy."""


def read(path: Path) -> list[Rule]:
    """Raises WrongRules."""
    rules, found = rules_and_findings(path)
    if found:
        raise WrongRules("\n".join(str(one) for one in found))
    return [*rules.values()]


def rules_and_findings(path: Path) -> tuple[Mapping[int, Rule], Sequence[Finding]]:
    """The rules that can be read, by their number, and what is wrong with the others."""
    if not path.exists():
        return {}, []
    file = YamlFile(path, MOST_BYTES)
    if file.data is None:
        return {}, file.unreadable
    rules, wrong = right_and_wrong(file.data)
    return rules, [file.finding(error.at, str(error)) for error in wrong]
