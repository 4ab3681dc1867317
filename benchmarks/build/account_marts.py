"""Published marts of made-up accounts, as the reverse-sync and others read them.

Enters: how many accounts and traits, which of them differ from before. Leaves: `marts.duckdb` in a
folder.
"""

from datetime import UTC, datetime
from pathlib import Path

import duckdb

AS_OF = datetime(2025, 6, 15, tzinfo=UTC)
TRAITS = """
    '{{"stripe.currency":"usd","stripe.currentSubscriptionStatus":"active","stripe.mrr":'
    || (10 + i % 90 + {more})::varchar || {others} || '}}'
"""
FACTS = """
    true as has_paid, null::varchar as unknown_amount, timestamp '2025-01-01' as subscribed_since,
    null::timestamp as trial_since, null::timestamp as trial_ends_at, null::timestamp as ended_at
"""


def traits_sql(count: int, *, more: str = "0") -> str:
    """JSON text of one account's traits, keys in order, as the model and the snapshot hold it."""
    others = " || ".join(
        f"',\"stripe.t{n:02}\":\"value {n} of ' || i::varchar || '\"'" for n in range(count - 3)
    )
    return TRAITS.format(more=more, others=others)


def publish(
    folder: Path, *, accounts: int, traits: int, changed: int = 0, generation: int = 0
) -> None:
    """account_traits in which one trait of the first `changed` accounts is of this generation."""
    text = traits_sql(traits, more=f"(i < {changed})::integer * {generation}")
    made = folder / "being_made.duckdb"  # DuckDB names a catalog after its file
    made.unlink(missing_ok=True)
    with duckdb.connect(str(made)) as marts:
        marts.execute("set memory_limit = '4GB'")
        marts.execute(
            "create table account_traits as select 'account_' || i as account_id,"
            f" 'Account ' || i as name, {text} as traits, {FACTS} from range({accounts}) as r (i)"
        )
    made.replace(folder / "marts.duckdb")
