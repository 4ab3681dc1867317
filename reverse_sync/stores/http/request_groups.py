"""Many requests at once, and what became of each account in them.

Enters: groups of writes, and how one group is sent. Leaves: an answer for each account that has
one, and why the rest has none. A group that is refused as a whole is halved down to the account at
fault; a store that fails time after time is taken to be down. No HTTP and no account store in here.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

from reverse_sync.stores.account_store import AccountStoreError, AccountWrite, Refusal
from reverse_sync.stores.http.client import HttpClient, Unanswered

FAILURES_IN_A_ROW = 5  # that end a delivery

Group = Sequence[AccountWrite]
Answers = dict[str, Refusal | None]  # None: taken
Send = Callable[[Group], Answers]


class GroupRefused(Exception):
    """The store refused a request because of something in it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


@dataclass
class Delivered:
    """The answers so far; `failed` are the groups since the last success."""

    answers: Answers = field(default_factory=dict)
    stopped: AccountStoreError | None = None
    failed: list[tuple[Group, Unanswered]] = field(default_factory=list)


def deliver(
    client: HttpClient, groups: Sequence[Group], send: Send, *, concurrency: int
) -> Delivered:
    """Sends every group, at most `concurrency` at once, until all are or the store is gone."""
    delivered = Delivered()
    client.stopping.clear()
    with ThreadPoolExecutor(max_workers=concurrency) as pool:
        try:
            for future in as_completed([pool.submit(_one, client, g, send) for g in groups]):
                _add(delivered, client, *future.result())
                if delivered.stopped is not None:
                    client.stopping.set()
        except BaseException:
            client.stopping.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    _conclude(delivered, client)
    return delivered


def _one(
    client: HttpClient, group: Group, send: Send
) -> tuple[Group, Answers | Unanswered | AccountStoreError]:
    if client.stopping.is_set():
        return group, {}
    try:
        return group, _halving(group, send)
    except (Unanswered, AccountStoreError) as error:
        return group, error


def _halving(group: Group, send: Send) -> Answers:
    try:
        return send(group)
    except GroupRefused as refused:
        middle = len(group) // 2
        if not middle:
            return {write.account_id: refused.refusal for write in group}
    return _halving(group[:middle], send) | _halving(group[middle:], send)


def _add(
    delivered: Delivered,
    client: HttpClient,
    group: Group,
    answer: Answers | Unanswered | AccountStoreError,
) -> None:
    if isinstance(answer, AccountStoreError):
        # The first one tells why; those of the threads that it stopped do not.
        delivered.stopped = delivered.stopped or answer
    elif isinstance(answer, Unanswered):
        delivered.failed.append((group, answer))
        if len(delivered.failed) >= FAILURES_IN_A_ROW and delivered.stopped is None:
            delivered.stopped = _down(client, answer)
    elif answer:
        _set_aside(delivered)
        delivered.answers |= answer


def _conclude(delivered: Delivered, client: HttpClient) -> None:
    """Failures among successes are their accounts' own; failures alone are the store's."""
    if delivered.stopped is not None or not delivered.failed:
        return
    error = delivered.failed[-1][1]
    if error.away and not delivered.answers:
        delivered.stopped = _down(client, error)
    else:
        _set_aside(delivered)


def _set_aside(delivered: Delivered) -> None:
    for group, error in delivered.failed:
        refusal = Refusal(
            reason=f"no answer: {error}", code=error.code, body=error.body, permanent=False
        )
        delivered.answers |= {write.account_id: refusal for write in group}
    delivered.failed = []


def _down(client: HttpClient, error: Unanswered) -> AccountStoreError:
    return client.gone(f"it does not answer ({error}); check that it runs, and the URL")
