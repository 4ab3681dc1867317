"""Conditions on accounts: the fields and operators that there are, trees of them, their SQL."""
