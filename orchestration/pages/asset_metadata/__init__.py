"""What Dagster's page shows of an asset beside its counts, in sums alone."""
