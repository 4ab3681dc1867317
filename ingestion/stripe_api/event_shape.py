"""What an event must look like, whoever brings it: the feed or a webhook.

Enters: a parsed event. Leaves: what is wrong with it, in a line, or None. What is not checked here
would fail a whole page of the feed, or all deliveries that are committed together.
"""

from typing import Any

import orjson

from ingestion.stripe_api.event_types import pointers

LATEST = 1 << 40  # Unix seconds: whatever is no moment does not become a row
FIELDS = (("id", str), ("type", str), ("created", int), ("livemode", bool))


def problem(event: Any) -> str | None:
    """What is wrong with the event; None where it can be logged and followed."""
    if not isinstance(event, dict):
        return "it is no object"
    for field, kind in FIELDS:
        if type(event.get(field)) is not kind or event[field] == "":
            return f"its {field} is missing or no {kind.__name__}"
    if not 0 <= event["created"] < LATEST:
        return "its created is no moment"
    if not isinstance(event.get("account"), str | None):
        return "its account is no id"
    return _problem_of_object(event)


def _problem_of_object(event: dict[str, Any]) -> str | None:
    try:
        ids = [object_id for _, object_id in pointers(event)]
        orjson.dumps(event)  # what is nested too deeply can be read, and not be written
    except (KeyError, TypeError, AttributeError):
        return "its data.object has no id"
    except orjson.JSONEncodeError:
        return "it is nested too deeply"
    if not all(isinstance(one, str) and one for one in ids):
        return "the id of its data.object is no text"
    return None


def told(event: Any) -> dict[str, Any]:
    """The fields of a misshapen event as far as they can be noted."""
    known = event if isinstance(event, dict) else {}
    noted: dict[str, Any] = {field: known.get(field) for field, _ in FIELDS} | {
        "account": known.get("account")
    }
    blank = {"id": "without id", "type": "unknown", "created": 0, "livemode": False}
    for field, kind in FIELDS:
        if type(noted[field]) is not kind:
            noted[field] = blank[field]
    noted["created"] = min(max(noted["created"], 0), LATEST)
    if not isinstance(noted["account"], str):
        noted["account"] = None
    return noted
