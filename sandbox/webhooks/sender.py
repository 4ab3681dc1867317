"""Deliveries over HTTP, by a thread of its own.

Enters: the accounts that are served, how deliveries are made, what goes wrong. Leaves: signed
requests, one at a time for an endpoint, in the order of the events but for what is tried again.
Every answer but 2xx is a failure, a redirect too; none is followed.
"""

import asyncio
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Self

import httpx

from sandbox.accounts import Accounts
from sandbox.misbehaviour.faults import DeliveryDraws, Faults
from sandbox.storage.store import Store
from sandbox.webhooks import ledger, registry, rendering
from sandbox.webhooks.ledger import Delivery
from sandbox.webhooks.registry import Endpoint
from sandbox.webhooks.settings import Deliveries
from sandbox.webhooks.signing import signature

_HEADERS = {
    "Accept": "*/*; q=0.5, application/xml",
    "Cache-Control": "no-cache",
    "Content-Type": "application/json; charset=utf-8",
    "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
}
_Owed = tuple[Store, Delivery]


class Sender:
    """The thread, while it is entered. `clock` gives real unix seconds."""

    def __init__(
        self,
        accounts: Accounts,
        settings: Deliveries,
        faults: Faults,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._accounts, self._settings, self.clock = accounts, settings, clock
        self._draws = DeliveryDraws(faults)
        self._following, self._stopping = threading.Lock(), threading.Event()
        self._ready = threading.Event()
        self._client: httpx.AsyncClient
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._running: dict[str, asyncio.Task[Counter[str]]] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._loop.close()

    def before(self, path: str) -> None:
        """An endpoint is told of what comes after it alone; an event shows what it is owed."""
        if path.startswith("/v1/webhook_endpoints") or (
            path.startswith("/v1/events") and self._needed()
        ):
            self.follow()

    def follow(self) -> None:
        """Note down what is owed for the events until now."""
        with self._following:
            now = self.clock()
            for store in self._accounts:
                ledger.follow(store, self._listeners(store, now), self._draws, now)

    def send_again(self, store: Store, event: str, endpoint: str | None) -> int:
        """One more delivery to an endpoint, or to each that wants the type; how many."""
        now, found = self.clock(), store.get("event", event)
        wanted = [
            one
            for one in self._listeners(store, now)
            if (one.id == endpoint if endpoint else one.wants((found or {}).get("type", "")))
        ]
        for one in wanted if found else ():
            ledger.again(store, event, (found or {})["type"], one, now)
        return len(wanted) if found else 0

    async def round(self) -> Counter[str]:
        """Send everything that waits, once, whatever its time; how many had which outcome."""
        made = asyncio.run_coroutine_threadsafe(self._round(), self._loop)
        return await asyncio.wrap_future(made)

    def _needed(self) -> bool:
        return any(registry.known(store) for store in self._accounts)

    def _listeners(self, store: Store, now: float) -> list[Endpoint]:
        """An account's own endpoints, and those that its platform has for connected accounts."""
        first = self._accounts.first
        own = [one for one in registry.endpoints(store, now) if not one.connect]
        if store in self._accounts.connected:
            own += [one for one in registry.endpoints(first, now) if one.connect]
        return own

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main())

    async def _main(self) -> None:
        async with httpx.AsyncClient(timeout=self._settings.timeout, trust_env=False) as client:
            self._client = client
            self._ready.set()
            while not self._stopping.is_set():
                if self._needed():
                    self.follow()
                    self._start(self._owed() if self._settings.automatic else ())
                await asyncio.sleep(self._settings.poll)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    def _owed(self, *, everything: bool = False) -> Iterable[tuple[str, list[_Owed]]]:
        """By endpoint; those that are being sent to have to wait, unless it is everything."""
        running = {name for name, task in self._running.items() if not task.done()}
        busy = frozenset[str]() if everything else running
        by_endpoint: dict[str, list[_Owed]] = {}
        for store in self._accounts:
            for one in ledger.due(store, self.clock(), everything=everything, but=busy):
                by_endpoint.setdefault(one.endpoint, []).append((store, one))
        return by_endpoint.items()

    def _start(self, owed: Iterable[tuple[str, list[_Owed]]]) -> None:
        for endpoint, some in owed:
            self._running[endpoint] = self._loop.create_task(self._send_all(endpoint, some))

    async def _round(self) -> Counter[str]:
        self.follow()
        done: Counter[str] = Counter()
        made = [self._send_all(name, some) for name, some in self._owed(everything=True)]
        for counted in await asyncio.gather(*made):
            done += counted
        return done

    async def _send_all(self, endpoint: str, some: list[_Owed]) -> Counter[str]:
        done: Counter[str] = Counter()
        async with self._locks[endpoint]:
            for store, one in some:
                if ledger.waits(store, one):
                    done[await self._send(store, one)] += 1
        return done

    async def _send(self, store: Store, one: Delivery) -> str:
        now = self.clock()
        held = (s for s in self._accounts if s.account_id == one.owner)
        known = (
            e for owner in held for e in registry.endpoints(owner, now) if e.id == one.endpoint
        )
        endpoint, event = next(known, None), store.get("event", one.event)
        if endpoint is None or event is None:
            ledger.forget(store, one)
            return "forgotten"
        if not endpoint.enabled:
            return self._record(store, one, None)
        body = rendering.body(store, event, endpoint)
        signed = {"Stripe-Signature": signature(body, endpoint.secrets, int(now))}
        try:
            answer = await self._client.post(
                endpoint.object["url"], content=body, headers=_HEADERS | signed
            )
        except (httpx.HTTPError, httpx.InvalidURL):
            return self._record(store, one, None)
        return self._record(store, one, answer.status_code)

    def _record(self, store: Store, one: Delivery, answer: int | None) -> str:
        """Delivered; or when it is tried again, or that it is given up."""
        made = one._replace(attempts=one.attempts + 1, answer=answer, status="delivered")
        if answer is None or not 200 <= answer < 300:
            again = self.clock() + self._settings.wait(made.attempts)
            given_up = self._settings.over(made.attempts)
            made = made._replace(status="failed" if given_up else "waiting", due=again)
        ledger.record(store, made)
        return made.status
