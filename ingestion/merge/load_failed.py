"""The failure of a merge, apart from what merges: who only tells it need not load dlt."""


class LoadFailed(Exception):
    """The landing tables could not be written; what was read is read again by the next load."""
