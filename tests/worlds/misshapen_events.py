"""Events in shapes that no rule knows, as the feed or a delivery may bring them."""

from typing import Any

from webhook_receiver import event


def nested(levels: int) -> Any:
    """Deep enough to be read, too deep to be written again."""
    found: Any = {}
    for _ in range(levels):
        found = {"deeper": found}
    return found


def misshapen_events() -> list[dict[str, Any]]:
    without_data = event(100)
    del without_data["data"]
    return [
        without_data,
        event(101, data={"object": {"id": {"id": "cus_1"}}}),
        event(102, data={"object": {"id": ["cus_1"]}}),
        event(103, data={"object": {"object": "customer"}}),
        event(104, data=None),
        event(105, data={"object": None}),
        event(106, account={}),
        event(107, account=7),
        event(108, created=-1),
        event(109, created=1 << 70),
        event(110, created=True),
        event(111, livemode=None),
        event(112, id={}),
        event(113, type=[]),
        event(114, type="customer.discount.created", data={"object": {"customer": {"id": []}}}),
        event(115, previous=nested(600)),
    ]
