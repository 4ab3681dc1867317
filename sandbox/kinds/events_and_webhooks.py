"""How changes are told: events, and the endpoints that they are delivered to."""

from sandbox.kinds.words import (
    CREATED,
    Filter,
    Kind,
)

DELIVERED = (
    "NOT EXISTS (SELECT 1 FROM deliveries"
    " WHERE deliveries.event = events.id AND deliveries.status != 'delivered' AND NOT copy)"
)

EVENT = Kind(
    name="event",
    table="events",
    columns={"type": "type"},
    filters=(
        CREATED,
        Filter("type", "type GLOB ?"),
        Filter("types", "type", "list", most=20),
        Filter("delivery_success", f"({DELIVERED}) = ?", "boolean"),
    ),
)
WEBHOOK_ENDPOINT = Kind(name="webhook_endpoint", table="webhook_endpoints")
