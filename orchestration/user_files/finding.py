"""One thing that is wrong with what a user wrote: where it stands, and the remedy.

Leaves: `Finding`, and the one line that tells it. Values of settings are not in it: they may be
secrets.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`file` is `environment` for what stands in no file; `line` counts from 1, None: it stands on
    none, as what is missing does."""

    file: str
    line: int | None
    key: str
    text: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        named = self.text.startswith(self.key)
        return f"{place}: {self.text}" if named else f"{place}: {self.key}: {self.text}"
