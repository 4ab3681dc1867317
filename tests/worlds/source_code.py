"""The code as data: commands with their options, texts in it, columns of the marts."""

import ast
import json
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import typer
from documents import ROOT
from typer.core import TyperArgument, TyperGroup, TyperOption

from orchestration.cli import app

STAGES = ("ingestion", "orchestration", "outgoing_http", "report", "reverse_sync", "sandbox")


def commands() -> dict[str, Any]:
    """Every command by its full name; a group where it does something by itself."""
    return dict(_commands("", program()))


def program() -> Any:
    """With the options that stand before a command."""
    return typer.main.get_command(app)


def _commands(prefix: str, group: Any) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if not isinstance(command, TyperGroup) or command.invoke_without_command:
            yield prefix + name, command
        if isinstance(command, TyperGroup):
            yield from _commands(f"{prefix}{name} ", command)


def options(command: Any) -> list[str]:
    found = [one for one in command.params if isinstance(one, TyperOption)]
    return [name for one in found for name in (*one.opts, *one.secondary_opts)]


def arguments(command: Any) -> list[str]:
    """Their names as help shows them; `...` after one that takes several values."""
    found = [one for one in command.params if isinstance(one, TyperArgument)]
    return [str(one.name).upper() + ("..." if one.nargs == -1 else "") for one in found]


def literals(folders: Iterable[str] = STAGES) -> list[str]:
    """Every text in the code of these packages; of an f-string its fixed parts."""
    paths = chain.from_iterable((ROOT / folder).rglob("*.py") for folder in folders)
    return [text for path in paths for text in texts(ast.parse(path.read_text()))]


def texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def answers(path: Path) -> set[tuple[int, str]]:
    """What a module returns, or has in a table, as `status, "outcome"`; of an f-string the part
    before its value."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    values = [node.value for node in nodes if isinstance(node, ast.Return)]
    values += [value for node in nodes if isinstance(node, ast.Dict) for value in node.values]
    returned = [value.elts for value in values if isinstance(value, ast.Tuple)]
    return {
        (status.value, text)
        for status, *rest in returned
        if isinstance(status, ast.Constant) and isinstance(status.value, int)
        for text in chain.from_iterable(map(texts, rest))
    }


def contracts() -> dict[str, set[str]]:
    """The columns of every model with a contract, by the model's name."""
    manifest = json.loads((ROOT / "transform" / "target" / "manifest.json").read_text())
    return {
        node["name"]: set(node["columns"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["contract"]["enforced"]
    }
