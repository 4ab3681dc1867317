"""A YAML file of the user's, read to be checked: each finding gets its line.

Enters: a path, the most bytes that it may have. Leaves: the data, or why they cannot be read.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from orchestration.user_files.finding import Finding
from orchestration.user_files.yaml_lines import Way, line_of, syntax_error


@dataclass
class YamlFile:
    """`data` is None where there is no file, where it is empty, or where it cannot be read;
    `unreadable` says why not."""

    path: Path
    most_bytes: int
    data: Any = None
    unreadable: list[Finding] = field(default_factory=list)
    _text: str = ""

    def __post_init__(self) -> None:
        try:
            self._read()
        except FileNotFoundError:
            return
        except OSError as error:
            self._refuse(None, f"cannot be read: {error.strerror or type(error).__name__}")
        except UnicodeDecodeError:
            self._refuse(None, "is no text in UTF-8: save it as UTF-8")
        except yaml.YAMLError as error:  # composed, but of no value: a date that is none
            self._refuse(None, f"{getattr(error, 'problem', None) or 'is no YAML'}: correct it")
        except ValueError as error:
            self._refuse(None, f"{error}: correct it")

    def _read(self) -> None:
        if self.path.stat().st_size > self.most_bytes:
            self._refuse(None, f"more than {self.most_bytes >> 20} MiB: make it shorter")
            return
        self._text = self.path.read_text(encoding="utf-8")
        if wrong := syntax_error(self._text):
            self._refuse(*wrong)
            return
        self.data = yaml.safe_load(self._text)

    def finding(self, way: Way, text: str) -> Finding:
        """What is wrong at the end of the way."""
        named = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in way]
        key = "".join(named).removeprefix(".") or "the file"
        return Finding(str(self.path), line_of(self._text, way), key, text)

    def _refuse(self, line: int | None, text: str) -> None:
        self.unreadable.append(Finding(str(self.path), line, "YAML", text))
