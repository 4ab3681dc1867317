"""An assistant asks the same figures: the SDK's own client, the real program, real stdio."""

import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import anyio
import pytest
from command_line import PROGRAM, environment
from mcp import Client, StdioServerParameters, stdio_client
from report_world import Report

QUESTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("mrr", {}, "/api/mrr?limit=24"),
    ("account", {"account_id": "script"}, "/api/accounts/script"),
    ("accounts", {"search": "script", "limit": 5}, "/api/accounts?search=script&limit=5"),
    ("movements", {"movement": "new"}, "/api/movements?movement=new&limit=50"),
    ("segments", {}, "/api/segments"),
    ("segment", {"name": "paying"}, "/api/segments/paying?limit=50"),
]


async def _asked(folder: Path, calls: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    """The answers of one program."""
    started = StdioServerParameters(
        command=PROGRAM, args=["mcp"], env=environment(DATA_DIR=str(folder)), cwd=folder.parent
    )
    async with Client(stdio_client(started, errlog=sys.stderr)) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        assert listed == {*(name for name, _, _ in QUESTIONS), "explain"}
        return [await client.call_tool(name, given) for name, given in calls]


async def _refused(folder: Path, calls: list[tuple[str, dict[str, Any]]]) -> tuple[str, list[Any]]:
    """The program's version and its answers, before anything is published."""
    started = StdioServerParameters(command=PROGRAM, args=["mcp"], env=environment(), cwd=folder)
    async with Client(stdio_client(started, errlog=sys.stderr)) as client:
        return client.server_info.version, [
            await client.call_tool(name, given) for name, given in calls
        ]


def test_a_wrong_argument_is_one_line_in_our_own_words(tmp_path: Path) -> None:
    wrong: dict[str, tuple[str, dict[str, Any]]] = {
        "limit: write a whole number": ("accounts", {"limit": "many"}),
        "account_id is missing: give it": ("account", {}),
        "limt is no argument; there are where, search, sort, limit, cursor": (
            "accounts",
            {"limt": 3},
        ),
        "currency: write a text": ("mrr", {"currency": 3}),
    }
    version, answers = anyio.run(_refused, tmp_path, [*wrong.values()])
    assert version == metadata.version("stripe-traits")
    for (said, (name, _)), answer in zip(wrong.items(), answers, strict=True):
        assert answer.is_error
        assert answer.content[0].text == f"Error executing tool {name}: {said}"


@pytest.mark.long
def test_the_assistant_gets_what_the_api_gives(report: Report) -> None:
    wrong = [("account", {"account_id": "nobody"}), ("explain", {"account_id": "nobody"})]
    calls = [(name, given) for name, given, _ in QUESTIONS]
    explain = ("explain", {"account_id": "script"})
    answers = anyio.run(_asked, report.marts.parent, [*calls, explain, *wrong])
    for (name, _, address), answer in zip(QUESTIONS, answers, strict=False):
        assert not answer.is_error, answer.content
        told = json.loads(answer.content[0].text)
        assert told == report.client.get(address).json(), name
    explained = json.loads(answers[len(QUESTIONS)].content[0].text)
    assert "script" in json.dumps(explained)
    for answer in answers[-2:]:
        assert answer.is_error
        assert "nobody" in answer.content[0].text
        assert "Traceback" not in answer.content[0].text
