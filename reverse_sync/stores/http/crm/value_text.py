"""A trait's value as one text, for a CRM that has no lists, or nothing but texts.

Enters: a value. Leaves: the text. Pure.
"""

from decimal import Decimal

from reverse_sync.values.traits import Value, number_text


def text_of(value: Value) -> str:
    """Null and an empty list are an empty text, which clears; a list is joined with semicolons."""
    if isinstance(value, tuple | list):  # the ledger reads lists
        return ";".join(map(text_of, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return number_text(value)
    return value or ""
