"""Where histories happen: the populations that they begin with, kept; the account stores, served.

`with Laboratory() as laboratory: laboratory.run(history)`; `counts` says what happened in all.
"""

import shutil
import socket
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from histories import History
from history_end import check, settle
from history_steps import STEPS
from history_world import Failed, World, living
from local_stripe import NOW
from misbehaving_store import MisbehavingStore
from target_servers import FakeVitally, Receiver, running

from sandbox.population import Population
from sandbox.server import populate
from sandbox.storage.store import Store

CUSTOMERS = 8
PREPARED = {"nothing": (), "marts": ("load", "build"), "accounts": ("load", "build", "deliver")}


class Laboratory:
    """One history after the other."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.counts: Counter[str] = Counter()
        self._accounts: dict[Path, Any] = {}  # of the templates

    def __enter__(self) -> Self:
        folder = tempfile.TemporaryDirectory(prefix="histories-")
        self._folder = Path(self._stack.enter_context(folder))
        webhook, vitally = (
            self._stack.enter_context(running(MisbehavingStore(behaved)))
            for behaved in (Receiver(), FakeVitally())
        )
        self._port = _free_port()
        self._stores = {"webhook": webhook, "webhook in lists": webhook, "vitally": vitally}
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, history: History) -> None:
        """Raises Failed, with the differences by name, and Unforeseen."""
        template = self._template(history)
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            folder = Path(name)
            shutil.copytree(template, folder, dirs_exist_ok=True)
            store = self._stores[history.store]
            store.begin(history.seed, history.store_faults, self._accounts[template])
            with living(history, folder, store, self.counts, self._port) as world:
                for step in history.steps:
                    world.receive()
                    STEPS[step.name](world, step)
                settle(world)
                check(world)

    def _template(self, history: History) -> Path:
        """The files of a population in which nothing has gone wrong yet, made once."""
        kind = history.store.split()[0] if history.begins == "accounts" else "any"
        folder = self._folder / f"{history.template}-{history.begins}-{kind}"
        if not folder.exists():
            being_made = folder.with_suffix(".being_made")
            shutil.rmtree(being_made, ignore_errors=True)
            being_made.mkdir()
            store = self._stores[history.store]
            store.begin(0, ())
            with Store(being_made / "sandbox.db") as stripe:
                populate(stripe, Population(CUSTOMERS, history.template, NOW))
            calm = replace(history, faults=(), odd=(), webhook_faults=(), late=0, vanishing=False)
            with living(calm, being_made, store, Counter(), self._port) as world:
                _prepare(world, PREPARED[history.begins])
            being_made.rename(folder)
            self._accounts[folder] = store.behaved.accounts
        return folder


def _prepare(world: World, words: tuple[str, ...]) -> None:
    if words and world.begin_delivery(*words, sound=True).ended():
        raise Failed("a first import without faults failed")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
