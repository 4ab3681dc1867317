"""What Stripe's billing does: invoices follow from subscriptions, payments from invoices.

`lines` computes what is charged, `invoicing` makes invoices of it, `collecting` has them paid,
`subscribing` and `changing` do what is asked for, `ending` and `pausing` stop, `transitions` is
the table of what time brings about.
"""
