"""The sandbox's own controls, outside of Stripe's interface: its clock, and what late payment does.

Enters: `POST /sandbox/...`, form-encoded like all else. Leaves: what is so afterwards.
"""

import orjson

from sandbox import clock, periods
from sandbox.billing import collecting, transitions
from sandbox.books import Books
from sandbox.business import driver
from sandbox.errors import StripeError
from sandbox.http import form
from sandbox.http.form import missing_parameter
from sandbox.http.writing import Write
from sandbox.shapes import Json


def _clock(books: Books, _: str, _values: Json) -> Json:
    return {"now": clock.now(books.store)}


def _advance(books: Books, _: str, values: Json) -> Json:
    """By days, or to a moment."""
    if ("days" in values) == ("to" in values):
        raise StripeError("Give one of: days, to.", param="days")
    until = values["to"] if "to" in values else books.now + values["days"] * periods.DAY
    if until < books.now:
        raise StripeError(f"The clock stands at {books.now} and cannot go back.", param="to")
    count = transitions.advance(books.store, until)
    return {"now": until, "transitions": count}


def _live(books: Books, _: str, values: Json) -> Json:
    """Days with business in them."""
    done = driver.live(books.store, values["days"], values.get("seed", 0))
    return {"now": clock.now(books.store), "done": dict(done)}


def _dunning(books: Books, _: str, values: Json) -> Json:
    setting = books.setting(collecting.SETTING, collecting.DUNNING) | values
    books.store.note(collecting.SETTING, orjson.dumps(setting).decode())
    return setting


def _set(books: Books, _: str, values: Json) -> Json:
    """Put the clock forward without anything happening."""
    if "now" not in values:
        raise missing_parameter("now")
    if values["now"] < books.now:
        raise StripeError(f"The clock stands at {books.now} and cannot go back.", param="now")
    clock.put(books.store, values["now"])
    return {"now": values["now"]}


CONTROLS = (
    Write("GET", "/sandbox/clock", _clock),
    Write("POST", "/sandbox/clock", _set, {"now": form.natural}),
    Write("POST", "/sandbox/advance", _advance, {"days": form.natural, "to": form.natural}),
    Write("POST", "/sandbox/live", _live, {"days": form.natural, "seed": form.natural}, ("days",)),
    Write("POST", "/sandbox/dunning", _dunning, {
        "retry_days": form.listed(form.natural),
        "then": form.choice("cancel", "unpaid", "past_due"),
    }),
)  # fmt: skip
