"""Fixtures that more than one file of tests needs."""

pytest_plugins = ["local_stripe", "pipeline", "postgres_server", "sql_world"]
