"""The webhook store: one signed POST an account, or a list of them.

Enters: writes. Leaves: `{id, account, version, set, unset, name, lifecycle, at}` as JSON to the
URL. A 2xx takes it; so does each `{"account": ..., "status": "accepted"}` of a reply `{"results":
[...]}`.

Signature: the header `Stripe-Traits-Signature: t=SECONDS,v1=HEX`, HEX being HMAC-SHA256 with
ACCOUNT_STORE_SECRET over SECONDS, a full stop and the body.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from outgoing_http.answers import Answer
from outgoing_http.secrets import scrubbed
from reverse_sync.stores.account_store import AccountWrite, Refusal
from reverse_sync.stores.http.client import HttpClient
from reverse_sync.stores.http.request_groups import Answers, Delivered, Group, GroupRefused, deliver
from reverse_sync.stores.http.store import Batch
from reverse_sync.values.traits import InvalidTraits, json_text

CONCURRENCY = 8
ALONE = 100  # accounts of a batch that go one a request
ACCEPTED = ("accepted", "ok", "success", "acknowledged")
LATER = (404, 405, 409, 410, 423)  # statuses that a mended receiver no longer gives


class Webhook:
    """The channel to a webhook; `group_size` accounts a request, as a list where above 1."""

    confirms = True

    def __init__(self, client: HttpClient, *, secret: str, group_size: int = 1) -> None:
        self._client = client
        self._secret = secret.encode()
        self._group_size = group_size
        self.batch_size = max(ALONE, group_size * CONCURRENCY)

    def deliver(self, batch: Batch) -> Delivered:
        writes, size = batch.writes, self._group_size
        groups = [writes[start : start + size] for start in range(0, len(writes), size)]
        return deliver(self._client, groups, self._send, concurrency=CONCURRENCY)

    def check(self) -> None:
        self._client.reachable()

    def close(self) -> None:
        self._client.close()

    def _send(self, group: Group) -> Answers:
        items = [_item(write) for write in group]
        try:
            body = json_text(items if self._group_size > 1 else items[0]).encode()
        except InvalidTraits as error:
            raise GroupRefused(Refusal(reason=str(error))) from error
        key = str(uuid5(NAMESPACE_URL, " ".join(item["id"] for item in items)))
        response = self._client.send(
            "POST", content=body, headers=lambda: {"Idempotency-Key": key, **self._signed(body)}
        )
        return self._answers(group, response)

    def _signed(self, body: bytes) -> dict[str, str]:
        moment = int(time.time())
        text = hmac.new(self._secret, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        return {"Stripe-Traits-Signature": f"t={moment},v1={text}"}

    def _answers(self, group: Group, response: Answer) -> Answers:
        reply = _object(response)
        if not response.is_success or _says_no(reply):
            raise GroupRefused(self._client.refusal(response, "the receiver", later=LATER))
        if "results" not in reply:
            return {write.account_id: None for write in group}
        found = _by_account(reply["results"])
        return {write.account_id: _result(found.get(write.account_id)) for write in group}


def _item(write: AccountWrite) -> dict[str, Any]:
    return {
        "id": str(uuid5(NAMESPACE_URL, f"stripe-traits:{write.version}:{write.account_id}")),
        "account": write.account_id,
        "version": write.version,
        "name": write.name,
        "set": dict(write.set),
        "unset": list(write.unset),
        "lifecycle": vars(write.lifecycle),
        "at": write.at,
    }


def _object(response: Answer) -> dict[str, Any]:
    """The reply's JSON object; empty where it is something else, which says nothing."""
    try:
        reply = json.loads(response.content)
    except ValueError:
        return {}
    return reply if isinstance(reply, dict) else {}


def _says_no(reply: Mapping[str, Any]) -> bool:
    refused = reply.get("ok") is False or reply.get("success") is False
    return refused or bool(reply.get("error") or reply.get("errors"))


def _by_account(results: Any) -> dict[str, dict[str, Any]]:
    listed = results if isinstance(results, list) else []
    return {str(one.get("account")): one for one in listed if isinstance(one, dict)}


def _result(result: Mapping[str, Any] | None) -> Refusal | None:
    if result is None:
        return Refusal(reason="the receiver's results do not name it", permanent=False)
    if result.get("status") in ACCEPTED:
        return None
    said = scrubbed(str(result.get("error") or result.get("status") or "no reason given"))[:300]
    return Refusal(
        reason=f"the receiver refused it: {said}",
        code=str(result.get("code") or result.get("status")),
        body=said,
        permanent=result.get("retry") is not True,
    )
