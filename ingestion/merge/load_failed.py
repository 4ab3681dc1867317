"""The failure of a merge, apart from what merges: who only tells it need not load dlt."""

import re

from ingestion.engines.guard import SCHEMA
from ingestion.engines.unreachable import AccountTaken
from ingestion.stripe_api.refusals import StripeError

# As DuckDB says it.
LACKING = re.compile(r'Table "(\w+)" does not have a column (?:with name|named) "(\w+)"')


class LoadFailed(Exception):
    """The landing tables could not be written; what was read is read again by the next load."""


def cause_of(error: BaseException) -> BaseException:
    """What a read raised, out of dlt's wrappings; else one line for the innermost failure."""
    inner, following = error, error.__cause__ or error.__context__
    while following is not None:
        inner, following = following, following.__cause__ or following.__context__
        if isinstance(inner, StripeError | AccountTaken | OSError):
            break
    if isinstance(inner, StripeError | AccountTaken):
        return inner
    said = (str(inner).splitlines() or [""])[0]
    if lacking := LACKING.search(said):
        return LoadFailed(
            f"{SCHEMA}.{lacking[1]} in the warehouse lacks the column {lacking[2]}: restore a"
            " backup (stripe-traits restore), or move the warehouse's file away and run"
            " stripe-traits sync, which reads everything again, then stripe-traits reconcile"
            " --store --repair; nothing was changed"
        )
    return LoadFailed(
        f"the landing tables could not be written: {type(inner).__name__}: {said};"
        " nothing is lost: mend it and run again"
    )
