"""Brings account_traits to the account store: read -> diff -> push -> remember.

Enters: `marts.account_traits` of the published copy. Leaves: the account store's rows, and the
`sync` schema of the warehouse. No rule about money and no Dagster here.
"""
