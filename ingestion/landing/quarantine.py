"""Objects that were kept out, because a value of theirs stands in no known shape.

Enters: nothing. Leaves: the table `quarantine`, whose objects are of our own making.
"""

from ingestion.landing.columns import ID, Extract, Table, text, timestamp

TABLES = (
    Table(
        "quarantine",
        (
            ID,
            text("stream", required=True),
            text("object_id", required=True),
            text("path"),
            text("problem"),
            timestamp("cleared_at"),
        ),
    ),
)

EXTRACTS = {"quarantine": (Extract("quarantine"),)}
