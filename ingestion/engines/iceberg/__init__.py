"""The landing tables as Iceberg tables, in either of two catalogs.

Enters: a catalog. Leaves: an `Engine`: `lake.Lake` (PostgreSQL, for Spark) or `rest_lake.RestLake`.
"""
