"""The webhook receiver: signed deliveries in, events in the inbox before Stripe hears of success.

`server` runs `app`; `signature` says who sent a delivery, `delivery` whether it is ours,
`group_commit` lets many share one durable transaction, `registered` compares what is set at Stripe.
"""
