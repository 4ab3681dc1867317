"""Of one Stripe account there is one loader: who took it over last.

Enters: what a lake says of its loads, its tables, an account, its loader. Leaves: who loads the
account, said in `pipeline.loads`; where it has changed hands, in each landing table, too, by a
commit that overtakes what the one before has under way. From then on that one raises AccountTaken
and lands nothing more: this is what the lock does on one machine. A loader that takes over reads
everything, so that half a load that was left is made whole; and its reads are later than all that
is landed, whatever the clocks of both say.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pyiceberg.table import Table

from ingestion.engines.guard import SCHEMA
from ingestion.engines.iceberg.commits import again
from ingestion.engines.iceberg.file_swap import overtake
from ingestion.engines.iceberg.whole_loads import LOADER, WholeLoads
from ingestion.engines.unreachable import AccountTaken
from ingestion.landing import BY_NAME

if TYPE_CHECKING:
    from ingestion.inbox.loader import Loader

AT_ONCE = 4
Todays = Callable[[str], Table]  # a landing table, made where it is not there


def take(loads: WholeLoads, todays: Todays, stripe_account_id: str, loader: "Loader") -> None:
    """The account is this loader's, as it was, or from now on. Raises AccountTaken."""
    now = loads.loader(stripe_account_id)
    if now and now["name"] != loader.name:
        if not (loader.is_new or loader.everything):
            raise AccountTaken(_told(stripe_account_id, f" ({now['host']}, since {now['since']})"))
        loader.begin_anew()
    if loader.is_new or not now:
        loads.claim(stripe_account_id, loader.name)
        _overtake(loads, todays, stripe_account_id, loader.name)


def check(table: Table, stripe_account_id: str, name: str) -> None:
    """Whether a loader may still write. Raises AccountTaken."""
    if table.properties.get(LOADER + stripe_account_id, name) != name:
        raise AccountTaken(_told(stripe_account_id, ""))


def _overtake(loads: WholeLoads, todays: Todays, stripe_account_id: str, name: str) -> None:
    """In each landing table: what was begun before cannot be committed afterwards."""

    def overtaken(table: str) -> None:
        found = todays(table)
        # Only now: who takes the account over from this one says so before it comes to a table.
        now = loads.loader(stripe_account_id)
        if now and now["name"] != name:
            raise AccountTaken(_told(stripe_account_id, ""))
        overtake(found, {LOADER + stripe_account_id: name})

    loads.catalog.create_namespace_if_not_exists(SCHEMA)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda table: again(lambda: overtaken(table)), BY_NAME))


def _told(stripe_account_id: str, who: str) -> str:
    return (
        f"the Stripe account {stripe_account_id} has another loader now{who}: leave it to that one"
        " and take its key out of STRIPE_API_KEY here, or take it back, which reads everything:"
        " stripe-traits sync --full; nothing more of it is landed from here"
    )
