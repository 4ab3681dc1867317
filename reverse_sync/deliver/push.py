"""push: brings a batch of planned changes to the store, and tells what became of each.

Enters: an open store, a batch, the tracking config. Leaves: an outcome for every account of the
batch. No warehouse here: nothing is locked while a store is slow.
"""

from collections.abc import Sequence

from reverse_sync.deliver.outcome import Outcome, cannot_hold, outcome_of, refused
from reverse_sync.deliver.outgoing import Outgoing, write_of
from reverse_sync.state.run import Run
from reverse_sync.stores.account_store import (
    AccountStore,
    AccountStoreError,
    AccountWrite,
    BatchRefused,
    Receipt,
    Refusal,
)
from reverse_sync.values.lifecycle import traits_read
from reverse_sync.values.tracked_values import UnreadableTrait
from reverse_sync.values.tracking import Tracking


class PushStopped(AccountStoreError):
    """The store went away, or its rate limit, in the middle of a batch: the rest has no answer.

    `outcomes` are those before it, `cause` is what the store raised (NotNow: only a wait).
    """

    def __init__(self, cause: AccountStoreError, outcomes: list[Outcome]) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.outcomes = outcomes


def push(
    store: AccountStore, batch: Sequence[Outgoing], *, tracking: Tracking, run: Run
) -> list[Outcome]:
    """Writes the batch; one that the store refuses is halved down to the account at fault.

    Raises PushStopped with the outcomes so far when the store goes away.
    """
    outcomes: list[Outcome] = []
    halves = [batch]
    while halves:
        part = halves.pop(0)
        try:
            outcomes += _push(store, part, tracking, run)
        except BatchRefused as whole:
            middle = len(part) // 2
            if middle:
                halves = [part[:middle], part[middle:], *halves]
            else:
                outcomes.append(refused(part[0], cannot_hold(whole)))
        except PushStopped as stopped:
            raise PushStopped(stopped.cause, outcomes + stopped.outcomes) from stopped
        except AccountStoreError as error:
            raise PushStopped(error, outcomes) from error
    return outcomes


def _push(
    store: AccountStore, batch: Sequence[Outgoing], tracking: Tracking, run: Run
) -> list[Outcome]:
    ids = [outgoing.account_id for outgoing in batch]
    stored = store.read(ids, traits=traits_read(tracking))
    writes: list[AccountWrite] = []
    outcomes: list[Outcome] = []
    for outgoing in batch:
        try:
            writes.append(write_of(outgoing, stored.get(outgoing.account_id), tracking, run))
        except UnreadableTrait as error:
            outcomes.append(refused(outgoing, Refusal(reason=str(error), code="unreadable")))
    receipt = store.write(writes) if writes else Receipt()
    sent = {outgoing.account_id: outgoing for outgoing in batch}
    answered = [
        outcome_of(write, sent[write.account_id], receipt, stored.get(write.account_id), tracking)
        for write in writes
    ]
    outcomes += [outcome for outcome in answered if outcome is not None]
    if receipt.stopped is not None:
        raise PushStopped(receipt.stopped, outcomes)
    return outcomes
