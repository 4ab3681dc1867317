"""The figures of `status` in the form that Prometheus reads."""
