"""The Segment-style store: one `group` call an account, many in a `/batch`.

Enters: writes. Leaves: batches of at most 500 KB with events of at most 32 KB; a trait is cleared
by null. Segment answers 200 whatever it keeps: what it took is sent, never confirmed.
"""

from collections.abc import Iterator, Mapping, Sequence
from uuid import NAMESPACE_URL, uuid5

from reverse_sync.stores.account_store import AccountWrite, Refusal
from reverse_sync.stores.http.client import HttpClient
from reverse_sync.stores.http.request_groups import Answers, Delivered, Group, GroupRefused, deliver
from reverse_sync.stores.http.store import Batch
from reverse_sync.values.traits import InvalidTraits, json_text

CONCURRENCY = 4
# 1 KB taken as 1,000 bytes, and some for what stands round the events.
EVENT_BYTES = 32_000
BATCH_BYTES = 500_000 - 1_000
BATCH_EVENTS = 2_500


class Segment:
    """The channel to a Segment source."""

    batch_size = 500
    confirms = False

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def deliver(self, batch: Batch) -> Delivered:
        events: dict[str, bytes] = {}
        refused: Answers = {}
        for write in batch.writes:
            try:
                events[write.account_id] = _event(write)
            except InvalidTraits as error:
                refused[write.account_id] = Refusal(reason=str(error))
        groups = list(_packed([w for w in batch.writes if w.account_id in events], events))

        def send(group: Group) -> Answers:
            return self._send(group, [events[write.account_id] for write in group])

        delivered = deliver(self._client, groups, send, concurrency=CONCURRENCY)
        delivered.answers |= refused
        return delivered

    def check(self) -> None:
        self._client.reachable()

    def close(self) -> None:
        self._client.close()

    def _send(self, group: Group, events: Sequence[bytes]) -> Answers:
        content = b'{"batch":[' + b",".join(events) + b"]}"
        response = self._client.send("POST", "/batch", content=content)
        if response.is_success:
            return {write.account_id: None for write in group}
        raise GroupRefused(
            Refusal(
                reason=f"Segment refused it (HTTP {response.status_code})",
                code=str(response.status_code),
                body=self._client.body(response),
                permanent=response.status_code != 404,
            )
        )


def _event(write: AccountWrite) -> bytes:
    """The call as JSON; its messageId lets Segment drop a repetition."""
    name = {} if write.name is None else {"name": write.name}
    event = json_text(
        {
            "type": "group",
            "messageId": str(uuid5(NAMESPACE_URL, f"{write.version}:{write.account_id}")),
            # A call needs a user; an account's own nameless one joins no group but its own.
            "anonymousId": f"account:{write.account_id}",
            "groupId": write.account_id,
            "traits": {**name, **write.set, **dict.fromkeys(write.unset)},
            "timestamp": write.at,
        }
    ).encode()
    if len(event) > EVENT_BYTES:
        raise InvalidTraits(
            f"the account's traits are {len(event):,} bytes as JSON; Segment takes 32 KB"
        )
    return event


def _packed(writes: Sequence[AccountWrite], events: Mapping[str, bytes]) -> Iterator[Group]:
    """The writes in order, cut where the next event would not fit."""
    group: list[AccountWrite] = []
    size = 0
    for write in writes:
        length = len(events[write.account_id]) + 1
        if group and (size + length > BATCH_BYTES or len(group) >= BATCH_EVENTS):
            yield group
            group, size = [], 0
        group.append(write)
        size += length
    if group:
        yield group
