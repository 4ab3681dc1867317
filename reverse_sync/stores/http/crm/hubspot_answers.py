"""What HubSpot's answers say of each company.

Enters: an answer, and what was sent by account. Leaves: for each account whether it was taken.
Pure. Every field of an answer may be missing.
"""

from collections.abc import Mapping
from typing import Any

from reverse_sync.stores.account_store import Refusal
from reverse_sync.stores.http.crm.hubspot_values import shows
from reverse_sync.stores.http.crm.property_names import Properties
from reverse_sync.stores.http.request_groups import Answers, Group
from reverse_sync.values.traits import parse_json

Json = dict[str, Any]


def answers(group: Group, sent: Mapping[str, Properties], reply: Json) -> Answers:
    """What became of each account of a request; they were sent with their numbers."""
    found = {_number(one): shown(one) for one in listed(reply, "results")}
    refused = _refusals(reply)
    return {
        write.account_id: refused.get(str(number))
        or _proof(found.get(str(number)), sent[write.account_id])
        for number, write in enumerate(group)
    }


def created(reply: Json) -> set[str]:
    """The numbers of companies that were not there before."""
    return {_number(one) for one in listed(reply, "results") if one.get("new") is True}


def parsed(text: str) -> Json:
    """The reply; empty where it is no object, which proves nothing."""
    try:
        reply = parse_json(text)
    except ValueError:
        return {}
    return reply if isinstance(reply, dict) else {}


def listed(reply: Json, key: str) -> list[Json]:
    """What a reply lists under a key: its `results` or its `errors`."""
    found = reply.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def shown(company: Json) -> Json:
    """The properties that a reply shows of a company."""
    found = company.get("properties")
    return found if isinstance(found, dict) else {}


def _proof(held: Mapping[str, Any] | None, sent: Properties) -> Refusal | None:
    """None: the company is there, and what is shown of it is what was sent."""
    if held is None:
        return Refusal(reason="HubSpot's answer does not show its company", permanent=False)
    other = sorted(
        name
        for name, (_, value) in sent.items()
        if name in held and not shows(str(held[name] or ""), value)
    )
    if not other:
        return None
    return Refusal(reason=f"HubSpot's answer shows another value of {', '.join(other[:5])}")


def _refusals(reply: dict[str, Any]) -> dict[str, Refusal]:
    """What a multi-status answer says against single companies, by their numbers."""
    refused: dict[str, Refusal] = {}
    for error in listed(reply, "errors"):
        category, context = str(error.get("category")), error.get("context")
        why = Refusal(
            reason=f"HubSpot refused it ({category})",
            code=category,
            body=str(error.get("message")),
            permanent=category == "VALIDATION_ERROR",
        )
        refused[_number(context if isinstance(context, dict) else {})] = why
    return refused


def _number(told: Mapping[str, Any]) -> str:
    """The number that a company was sent with; an error has it in a list."""
    number = told.get("objectWriteTraceId")
    return str(number[0] if isinstance(number, list) and number else number)
