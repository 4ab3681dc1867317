"""A page of one of Stripe's lists, checked before anybody goes by it.

Enters: an answer. Leaves: its objects and whether there are more; or BrokenPage, where it does not
say what follows: to take it for the end would lose what follows.
"""

from typing import Any

from ingestion.stripe_api.refusals import StripeError

PAGE = 100  # objects: the most that Stripe gives at once


class BrokenPage(StripeError):
    """The answer is no page of a list."""


def objects(answer: Any, path: str) -> list[Any]:
    """What the page lists. Raises BrokenPage."""
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list) or not isinstance(answer.get("has_more"), bool):
        raise BrokenPage(f"{path}: Stripe's answer is no page of a list; run it again later")
    if not data and answer["has_more"]:
        raise BrokenPage(f"{path}: an empty page says that there are more; run it again later")
    return data


def following(answer: Any, path: str) -> str | None:
    """The id after which the next page begins; None at the end. Raises BrokenPage."""
    listed = objects(answer, path)
    if not answer["has_more"]:
        return None
    last = listed[-1].get("id") if isinstance(listed[-1], dict) else None
    if not isinstance(last, str):
        raise BrokenPage(f"{path}: the last object of a page has no id; run it again later")
    return last
