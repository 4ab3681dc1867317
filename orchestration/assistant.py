"""The tools of an assistant: the report's questions over the Model Context Protocol.

Enters: where the published copy is. Leaves: an MCP server on standard input and output. Its tools
only read, and answer with the data of the report's JSON; what is wrong is one line that the
assistant can act on.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from inspect import cleandoc
from pathlib import Path
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import ValidationError
from starlette.datastructures import QueryParams

from orchestration.pages import explain as explanation
from orchestration.terminal.failures import foreseen
from outgoing_http.secrets import scrubbed
from report.api.resources import RESOURCES, answer
from report.formats import plain
from report.page import View
from report.published import Published
from report.serving.api import told

ABOUT = (
    "Customers, subscriptions and MRR of a business, from Stripe. Amounts are exact decimal text"
    " in major units of the currency beside them; amounts of several currencies are never added."
    " Null means not known, not zero. Every answer names its build and the moment as_of that it"
    " tells of."
)
WRONG = "Error executing tool {}: {}"  # as the SDK tells what a tool raises
ASKED = {"int": "write a whole number", "string": "write a text"}
READING = ToolAnnotations(read_only_hint=True, open_world_hint=False)


class Server(MCPServer[Any]):
    """What is wrong with arguments is told in our own words, not in those of who checks them."""

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
        """Raises ToolError."""
        known = {tool.name: [*tool.input_schema["properties"]] for tool in await self.list_tools()}
        for key in arguments.keys() - {*known.get(name, arguments)}:
            there_are = ", ".join(known[name]) or "none"
            raise ToolError(WRONG.format(name, f"{key} is no argument; there are {there_are}"))
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                said = "; ".join(map(_wrong, error.__cause__.errors(include_url=False)))
                raise ToolError(WRONG.format(name, said)) from None
            raise


def _wrong(problem: Any) -> str:
    name = ".".join(map(str, problem["loc"]))
    kind = problem["type"].partition("_")[0]
    return f"{name} is missing: give it" if kind == "missing" else f"{name}: {ASKED[kind]}"


def server(marts: Path) -> MCPServer[Any]:
    """It opens the copy anew when a build was published."""
    made = Server(
        "stripe-traits",
        instructions=ABOUT,
        version=version("stripe-traits"),
        log_level="WARNING",
    )
    tools = Tools(marts)
    for tool in (
        tools.accounts,
        tools.account,
        tools.mrr,
        tools.movements,
        tools.segments,
        tools.segment,
        tools.explain,
    ):
        made.add_tool(tool, description=cleandoc(tool.__doc__ or ""), annotations=READING)
    return made


class Tools:
    """What an assistant may ask: the docstrings are what it reads of each."""

    def __init__(self, marts: Path) -> None:
        self._marts, self._published = marts, Published(marts)

    def accounts(
        self, where: str = "", search: str = "", sort: str = "", limit: int = 20, cursor: str = ""
    ) -> str:
        """Accounts, by id, or by `sort` (a field, the greatest first). `where` is a JSON list of
        conditions, such as [{"field": "all_mrr_normalized", "operator": "over", "value": "100"}];
        `search` looks in ids, names and e-mail addresses. `cursor`: next_cursor of the answer
        before."""
        given = {"where": where, "search": search, "sort": sort, "limit": limit, "cursor": cursor}
        return self._asked("/api/accounts", given)

    def account(self, account_id: str) -> str:
        """One account by its id: traits, MRR item by item and by month, what is at risk,
        subscriptions, invoices."""
        return self._asked("/api/accounts/{id:path}", {"id": account_id})

    def mrr(self, currency: str = "", limit: int = 24) -> str:
        """MRR now by currency, what moved it this month, and MRR by month in one currency."""
        return self._asked("/api/mrr", {"currency": currency, "limit": limit})

    def movements(
        self,
        currency: str = "",
        month: str = "",
        movement: str = "",
        limit: int = 50,
        cursor: str = "",
    ) -> str:
        """What moved MRR by month, and the accounts behind one month (its first day, such as
        2025-06-01) and movement: new, expansion, reactivation, contraction, churn, fx."""
        given = {"currency": currency, "month": month, "movement": movement}
        return self._asked("/api/movements", {**given, "limit": limit, "cursor": cursor})

    def segments(self) -> str:
        """The saved segments: accounts and MRR in each, and how both moved in 30 days."""
        return self._asked("/api/segments", {})

    def segment(self, name: str, limit: int = 50, cursor: str = "") -> str:
        """One segment by its name, and the accounts in it."""
        return self._asked("/api/segments/{name}", {"name": name, "limit": limit, "cursor": cursor})

    def explain(self, account_id: str, trait: str = "") -> str:
        """Why an account shows its values: MRR item by item, and the field that each trait comes
        from. `trait` asks about one of them, such as all_mrr_normalized."""
        return _told(lambda: asdict(explanation.read(self._marts, account_id, trait or None)))

    def _asked(self, path: str, given: dict[str, Any]) -> str:
        resource = next(one for one in RESOURCES if one.path == path)
        parameters = QueryParams([(name, str(value)) for name, value in given.items()])
        return _told(lambda: answer(resource, View(self._published.copy(), path, parameters)))


def _told(ask: Callable[[], Any]) -> str:
    """As JSON. Raises ToolError, whose line the assistant reads."""
    try:
        return json.dumps(ask(), default=plain)
    except Exception as error:
        status, text = told(error)
        found = None if status else foreseen(error)
        if not status and not found:
            raise
        raise ToolError(scrubbed(found[0] if found else text)) from None
