"""A lakehouse on this machine: object storage and a REST catalog, for tests marked `lakehouse`."""
