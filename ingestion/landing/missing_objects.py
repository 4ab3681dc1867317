"""Objects that landed rows name and that are not to be had, each with the reason.

Enters: nothing. Leaves: the table `missing_objects`, whose objects are of our own making.
"""

from ingestion.landing.columns import ID, Extract, Table, integer, text, timestamp

TABLES = (
    Table(
        "missing_objects",
        (
            ID,
            text("stream", required=True),
            text("object_id", required=True),
            text("named_by", required=True),  # table and column of a row that names it
            text("named_in", required=True),  # that row's id
            text("problem", required=True),  # refused, or gone
            text("detail"),
            integer("attempts", required=True),
            timestamp("due_at"),  # when it is asked for again; null: never, it is gone
            timestamp("found_at"),
        ),
    ),
)

EXTRACTS = {"missing_objects": (Extract("missing_objects"),)}
