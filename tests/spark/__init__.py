"""Spark and Iceberg on this machine, for tests and for a look: `python -m tests.spark`.

No stage imports this: a user's cluster is named by WAREHOUSE_URL.
"""
