"""Stripe's feed is eventually consistent: what shows up late is read all the same, once."""

from dataclasses import replace

from local_stripe import NOW, LocalStripe

from sandbox import builders, clock
from sandbox.misbehaviour.faults import Faults, LateEvents
from sandbox.server import serving

NAME = "select name from stripe.customers"


def test_event_that_shows_up_five_minutes_late_is_read(local_stripe: LocalStripe) -> None:
    store = local_stripe.store
    store.put(builders.customer(id="cus_1", name="Before", created=NOW))
    store.put(builders.product(id="prod_1", created=NOW))
    late = Faults(late_events=LateEvents(types=("customer.*",), seconds=300))
    with serving(store, faults=late) as url:
        stripe = replace(local_stripe, url=url)
        stripe.load()
        store.update("customer", "cus_1", {"name": "After"}, now=NOW + 1)
        store.update("product", "prod_1", {"name": "Seen at once"}, now=NOW + 290)
        clock.put(store, NOW + 295)
        assert stripe.load().objects == {"products": 1}, "the cursor is past the hidden event"
        assert stripe.query(NAME) == [("Before",)]
        clock.put(store, NOW + 302)
        assert stripe.load().objects == {"customers": 1}
        assert stripe.query(NAME) == [("After",)]
        assert stripe.load().objects == {}
