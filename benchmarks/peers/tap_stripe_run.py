"""Runs in the peer's own environment: Singer's tap-stripe, pointed at another address.

Enters: an address, then tap-stripe's own arguments. Leaves: its messages on standard output. What
is changed: the address; its timer of requests, which knows Stripe's own address alone; and what the
sandbox does not have: the account's display name, expands of `tax_ids` and of plans.
"""

import sys
from types import SimpleNamespace

import stripe
import tap_stripe

NAMED = SimpleNamespace(settings=SimpleNamespace(dashboard=SimpleNamespace(display_name="sandbox")))
stripe.api_base = sys.argv.pop(1)
stripe.Account.retrieve = lambda _: NAMED
tap_stripe.apply_request_timer_to_client = lambda client: None
tap_stripe.STREAM_TO_EXPAND_FIELDS.clear()
tap_stripe.main()
