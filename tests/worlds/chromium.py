"""Chromium without a window, told what to do over its own protocol, without a driver.

Leaves: a tab, with what happened in it (console, requests). Debian's chromium is installed where it
is missing, so nothing of `make test` uses this.
"""

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from benchmarks.processes import process

PATIENCE = 90  # seconds: a page of a busy machine
CLICK = """
(() => {
    const found = [...document.querySelectorAll('button')].find(
        (one) => one.innerText.trim().startsWith(%s) && !one.disabled);
    if (found) found.click();
    return Boolean(found);
})()
"""


class Page:
    """One tab."""

    def __init__(self, socket_: ClientConnection) -> None:
        self._socket = socket_
        self._numbers = itertools.count(1)
        self.events: list[dict[str, Any]] = []  # what the browser told of itself

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._socket.recv(timeout=PATIENCE))
            if told.get("id") == number:
                if "error" in told:
                    raise SystemExit(f"{method}: {told['error']}")
                result: dict[str, Any] = told["result"]
                return result
            self.events.append(told)

    def evaluate(self, script: str) -> Any:
        return self.ask("Runtime.evaluate", expression=script)["result"].get("value")

    def text(self) -> str:
        return str(self.evaluate("document.body ? document.body.innerText : ''"))

    def shows(self, words: str) -> bool:
        return words in self.text()

    def click(self, label: str) -> bool:
        """The button whose label begins so; false where there is none that can be clicked."""
        return bool(self.evaluate(CLICK % json.dumps(label)))

    def picture(self, path: Path, **options: Any) -> None:
        data = self.ask("Page.captureScreenshot", format="png", **options)["data"]
        path.write_bytes(base64.b64decode(data))


def browser() -> str:
    """Chromium's program; Debian's is installed where there is none."""
    if not shutil.which("chromium"):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
        subprocess.run([*install, "chromium", "fonts-dejavu-core"], check=True)
    return str(shutil.which("chromium"))


def until(what: str, happens: Callable[[], object], page: Page | None = None) -> None:
    """Waits; where it does not happen, tells what the page shows instead, and keeps a picture."""
    ended = time.monotonic() + PATIENCE
    while not happens():
        if time.monotonic() > ended:
            if page is None:
                raise SystemExit(f"did not happen in {PATIENCE} s: {what}")
            kept = Path(tempfile.gettempdir()) / "page.png"
            page.picture(kept)
            raise SystemExit(
                f"did not happen in {PATIENCE} s: {what}; the page looks like {kept}"
                f" and says: {' '.join(page.text().split())}"
            )
        time.sleep(0.5)


@contextmanager
def tab(folder: Path, *more: str) -> Iterator[Page]:
    """A browser of its own, with one tab; `more` are options of Chromium."""
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *more]
    own = [f"--user-data-dir={folder / 'browser'}", "--remote-debugging-port=0"]
    with process([browser(), *options, *own, "about:blank"], folder):
        told = folder / "browser" / "DevToolsActivePort"
        until("the browser starts", lambda: told.exists() and len(told.read_text().split()) > 1)
        port = told.read_text().split()[0]
        tabs = httpx.get(f"http://127.0.0.1:{port}/json", trust_env=False).json()
        address = next(one["webSocketDebuggerUrl"] for one in tabs if one["type"] == "page")
        with connect(address, max_size=None, proxy=None) as opened:
            yield Page(opened)
