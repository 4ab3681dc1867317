"""Refusals that are no invalid requests: a card is declined, an idempotency key used twice."""

import orjson

from sandbox.errors import StripeError


class Declined(StripeError):
    """402: the charge failed."""

    def __init__(self) -> None:
        super().__init__(
            "Your card was declined.", status=402, code="card_declined", type="card_error"
        )

    def body(self) -> bytes:
        error = orjson.loads(super().body())["error"] | {"decline_code": "generic_decline"}
        return orjson.dumps({"error": error})


class KeyReused(StripeError):
    """400: the key came with another request before."""

    def __init__(self, key: str) -> None:
        super().__init__(
            "Keys for idempotent requests can only be used with the same parameters they were"
            f" first used with. Try using a key other than '{key}' if you meant to execute a"
            " different request.",
            type="idempotency_error",
        )
