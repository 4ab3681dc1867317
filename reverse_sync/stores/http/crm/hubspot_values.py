"""Values of traits as HubSpot takes and shows them: every one is a text, no value is an empty one.

Enters: a value, or a text that HubSpot shows. Leaves: whether they agree, the value, the type of a
property. Pure.
"""

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from reverse_sync.stores.http.crm.value_text import text_of
from reverse_sync.values.traits import METADATA, NAMESPACE, Value

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_YES_OR_NO = [
    {"label": "Yes", "value": "true", "displayOrder": 0},
    {"label": "No", "value": "false", "displayOrder": 1},
]


def value_of(text: str, kind: str) -> Value:
    """What HubSpot shows of a property of this type."""
    number = _number(text) if kind == "number" else None
    if number is not None:
        return number
    return {"true": True, "false": False}.get(text, text) if kind == "bool" else text


def shows(text: str, value: Value) -> bool:
    """Whether a text is what HubSpot shows of a value; numbers may pass a double."""
    sent = text_of(value)
    if text == sent:
        return True
    if isinstance(value, Decimal):
        number = _number(text)
        return number is not None and float(number) == float(value)
    return bool(_MOMENT.fullmatch(sent)) and _moment(text) == _moment(sent)


def kind_of(trait: str, value: Value) -> dict[str, Any]:
    """The type of a property that is made for a trait. A customer's metadata is text, whatever it
    looks like today: tomorrow's value may be no date."""
    if isinstance(value, bool):
        return {"type": "bool", "fieldType": "booleancheckbox", "options": _YES_OR_NO}
    if isinstance(value, Decimal):
        return {"type": "number", "fieldType": "number"}
    if isinstance(value, str) and trait.startswith(NAMESPACE) and not trait.startswith(METADATA):
        if _MOMENT.fullmatch(value):
            return {"type": "datetime", "fieldType": "date"}
        if _DAY.fullmatch(value):
            return {"type": "date", "fieldType": "date"}
    return {"type": "string", "fieldType": "textarea" if isinstance(value, tuple) else "text"}


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
