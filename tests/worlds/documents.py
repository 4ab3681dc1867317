"""README and docs/ as data: tables by heading, code spans, links and anchors."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Document:
    """One page in Markdown."""

    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text()

    @property
    def prose(self) -> str:
        """Without fenced blocks."""
        return FENCE.sub("", self.text)

    def table(self, heading: str) -> list[list[str]]:
        """The cells of the tables below `heading`, until the next heading; without header rows."""
        rows: list[list[str]] = []
        for line in self._below(heading):
            if not line.startswith("|"):
                continue
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
            if all(re.fullmatch(":?-+:?", cell) for cell in cells):
                rows.pop()
            else:
                rows.append(cells)
        assert rows, f"{self.path.name} has no table below '{heading}'"
        return rows

    def code(self) -> list[str]:
        """Code spans, and the lines of fenced blocks."""
        fenced = [line for block in FENCE.findall(self.text) for line in block.splitlines()[1:-1]]
        return [" ".join(span.split()) for span in spans(self.prose)] + fenced

    def links(self) -> list[str]:
        return re.findall(r"\]\(([^)\s]+)\)", self.prose)

    def anchors(self) -> set[str]:
        """Of its headings, as GitHub makes them."""
        titles = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}

    def _below(self, heading: str) -> Iterator[str]:
        _, found, rest = f"\n{self.text}".partition(f"\n{heading}\n")
        assert found, f"{self.path.name} has no heading '{heading}'"
        for line in rest.splitlines():
            if re.match("#+ ", line):
                return
            yield line


def spans(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def first_spans(rows: list[list[str]]) -> list[str]:
    """All code spans of the first cells."""
    return [span for row in rows for span in spans(row[0])]


def pages() -> list[Document]:
    return [Document(ROOT / "README.md"), *map(Document, sorted((ROOT / "docs").glob("*.md")))]


def page(name: str) -> Document:
    return Document(ROOT / "docs" / name)
