"""A local Stripe served over HTTP: stateful, seeded, in the shape of one pinned API version.

`kinds` is the table that drives everything; `builders` make objects, `store` keeps them and
their events, `server` serves them, `population` generates a plausible business.
"""
