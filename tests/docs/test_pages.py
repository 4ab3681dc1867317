"""What a page points to is there: commands, make targets, paths, modules, links, anchors."""

import importlib.util
import re
from collections.abc import Iterator

import pytest
from documents import ROOT, Document, page, pages
from source_code import STAGES, commands, options, program

FOLDERS = (*STAGES, "benchmarks", "deploy", "docs", "tests", "transform")
PATH = re.compile(rf"(?<![\w./])(?:{'|'.join(FOLDERS)})(?:/[\w.-]+)+")
ENDINGS = ("", ".py", ".sql")  # a page may leave them out
on_every_page = pytest.mark.parametrize(
    "document", pages(), ids=lambda document: document.path.name
)


def typed(document: Document) -> Iterator[list[str]]:
    """The words of each command of ours in the page's code, after `stripe-traits`."""
    known = commands()
    for code in document.code():
        for piece in re.split(r"[;,#|&()]", code):
            words = piece.replace("[", " ").replace("]", " ").strip("$ `").split()
            if words[:1] == ["stripe-traits"]:
                yield words[1:]
            elif words and words[0] in known and any(word.startswith("--") for word in words):
                yield words


@on_every_page
def test_commands_and_their_options_exist(document: Document) -> None:
    known = commands()
    for words in typed(document):
        names = [name for name in (" ".join(words[:2]), *words[:1]) if name in known]
        given = {word.split("=")[0] for word in words if word.startswith("--")}
        assert names or words in ([], ["COMMAND", "--help"]) or words == [*given], words
        assert given <= {*options(known[names[0]] if names else program()), "--help"}, words


@on_every_page
def test_make_targets_exist(document: Document) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"^(?:\$ )?make ([a-z-]+)", "\n".join(document.code()), re.MULTILINE)
    assert set(named) <= set(targets)


@on_every_page
def test_paths_and_modules_exist(document: Document) -> None:
    code = "\n".join(document.code())
    named = [name for name in PATH.findall(code) if not name.startswith("transform/target/")]
    there = [name for name in named if any((ROOT / f"{name}{end}").exists() for end in ENDINGS)]
    assert named == there
    modules = re.findall(r"python -m ([\w.]+)", code)
    assert [name for name in modules if not importlib.util.find_spec(name)] == []


@on_every_page
def test_links_lead_somewhere(document: Document) -> None:
    for link in document.links():
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (document.path.parent / path).resolve() if path else document.path
        assert target.exists(), link
        assert not anchor or anchor in Document(target).anchors(), link


def test_every_decision_says_what_and_why_and_what_follows() -> None:
    _, *decisions = page("decisions.md").text.split("\n### ")
    for decision in decisions:
        title = decision.splitlines()[0]
        for part in ("**Decision.**", "**Why.**", "**Consequence.**"):
            assert decision.count(part) == 1, f"{title}: {part}"
