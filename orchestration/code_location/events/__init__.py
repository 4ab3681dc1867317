"""What happened, as Dagster keeps it: a stage's events, in a job, in a command and in `live`."""
