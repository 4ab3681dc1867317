"""Stripe's error bodies: what is wrong enters, status and JSON leave."""

import orjson


class StripeError(Exception):
    """One refused request, as Stripe words it."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str | None = None,
        param: str | None = None,
        type: str = "invalid_request_error",  # noqa: A002
    ) -> None:
        super().__init__(message)
        self.message = message
        self.type = type
        self.status = status
        self.code = code
        self.param = param

    def body(self) -> bytes:
        error = {"message": self.message, "type": self.type}
        if self.code:
            page = self.code.replace("_", "-")
            error |= {"code": self.code, "doc_url": f"https://stripe.com/docs/error-codes/{page}"}
        if self.param:
            error["param"] = self.param
        return orjson.dumps({"error": error})


def missing(kind: str, identity: str, *, param: str = "id", status: int = 404) -> StripeError:
    """404 for an id in the path, 400 for one in a parameter."""
    noun = {"payment_method": "PaymentMethod", "card": "source"}.get(kind, kind.replace("_", " "))
    return StripeError(
        f"No such {noun}: '{identity}'", status=status, code="resource_missing", param=param
    )


def unknown_parameter(name: str) -> StripeError:
    return StripeError(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def unknown_url(method: str, path: str) -> StripeError:
    return StripeError(
        f"Unrecognized request URL ({method}: {path}). The sandbox serves what"
        " docs/sandbox.md lists.",
        status=404,
    )
