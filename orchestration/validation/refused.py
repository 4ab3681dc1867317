"""Files of the user's that are refused before anything is read, where one is wrong.

Enters: where they are. Leaves: nothing, or one line for each finding. Without such a file nothing
is imported.
"""

from orchestration.configuration.named_files import NamedFiles


def refuse_wrong_files(files: NamedFiles) -> None:
    """Raises WrongRules."""
    if files.alerts_file.exists():
        from orchestration.alert_rules.rules_file import read

        read(files.alerts_file)
