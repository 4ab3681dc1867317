"""A text that Dagster's page shows as Markdown, in the metadata of an asset."""


class Markdown(str):
    """The text; where it is not told apart it is a text like any other."""

    __slots__ = ()
