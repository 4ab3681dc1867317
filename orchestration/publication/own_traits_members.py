"""Own traits in the published account_traits: what is sent is what is published.

Enters: rows of account_traits as the models made them. Leaves: a query of them with each account's
own traits as further members, before those of segments. An account that the last good own traits do
not know has none: not known is not null. One that is no trait any more is null.
"""

MART = "account_traits"
RETIRED = "select coalesce(string_agg(',\"custom.' || trait || '\":null', '' order by trait), '')"
WITH_MEMBERS = """
(
    select
        account_traits.* replace (
            (
                left(account_traits.traits::varchar, -1)
                || coalesce(own.members, '') || {retired} || '}}'
            )::json as traits
        )
    from {rows} as account_traits
    left join custom.members as own using (account_id)
)
"""


def with_own_traits(rows: str) -> str:
    """Rows in parentheses, as `from` takes them."""
    retired = f"({RETIRED} from custom.retired)"
    return WITH_MEMBERS.format(rows=rows, retired=retired)
