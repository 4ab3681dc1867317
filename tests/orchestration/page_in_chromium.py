"""The page in a browser: `make page` (not a part of `make test`: it wants Debian's chromium).

Enters: nothing; chromium is installed where it is missing. Leaves: docs/lineage.png, or what did
not show. The lineage renders, and `refresh` launched from the page by its button
succeeds. The browser is told what to do over its own protocol, without a driver.
"""

import base64
import itertools
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from websockets.sync.client import ClientConnection, connect

from benchmarks.processes import PROGRAM, process

ROOT = Path(__file__).parents[2]
PATIENCE = 90  # seconds: a page of a busy machine
SIZE = {"width": 1750, "height": 520}  # the whole lineage, with names that can still be read
GROUPS = {"stripe", "staging", "intermediate", "marts", "account_store"}
MARGIN = 14
SEEN = ROOT / "docs" / "lineage.png"
# The lineage's boxes are the only foreign objects of the page: their words, and where they are.
NODES = """
JSON.stringify([...document.querySelectorAll('svg foreignObject')].map((one) => {
    const {left, top, right, bottom} = one.getBoundingClientRect();
    return {name: one.textContent, left, top, right, bottom};
}))
"""
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

    def evaluate(self, script: str) -> Any:
        return self.ask("Runtime.evaluate", expression=script)["result"].get("value")

    def text(self) -> str:
        return str(self.evaluate("document.body ? document.body.innerText : ''"))

    def shows(self, words: str) -> bool:
        return words in self.text()

    def click(self, label: str) -> bool:
        """The button whose label begins so; false where there is none that can be clicked."""
        return bool(self.evaluate(CLICK % json.dumps(label)))

    def groups(self) -> list[dict[str, Any]]:
        """The lineage's boxes, one a group of assets."""
        found: list[dict[str, Any]] = json.loads(self.evaluate(NODES))
        return [one for one in found if one["name"]]

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
def tab(folder: Path) -> Iterator[Page]:
    """A browser of its own, with one tab."""
    size = f"--window-size={SIZE['width']},{SIZE['height']}"
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", size]
    own = [f"--user-data-dir={folder / 'browser'}", "--remote-debugging-port=0"]
    with process([browser(), *options, *own, "about:blank"], folder):
        told = folder / "browser" / "DevToolsActivePort"
        until("the browser starts", lambda: told.exists() and len(told.read_text().split()) > 1)
        port = told.read_text().split()[0]
        tabs = httpx.get(f"http://127.0.0.1:{port}/json", trust_env=False).json()
        address = next(one["webSocketDebuggerUrl"] for one in tabs if one["type"] == "page")
        with connect(address, max_size=None, proxy=None) as opened:
            yield Page(opened)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Everything imported, and Dagster's page and daemon as `make ui` starts them; its address."""
    with ExitStack() as open_:
        sandbox = [PROGRAM, "sandbox", "--port", "0", "--customers", "200"]
        made = open_.enter_context(process(sandbox, folder))
        stripe = next(line.split()[-1] for line in made.stdout or () if "ready" in line)
        with process([PROGRAM, "sync"], folder, STRIPE_API_BASE=stripe) as importing:
            if importing.wait():
                raise SystemExit((folder / "log").read_text())
        httpx.post(
            f"{stripe}/v1/customers",
            data={"name": "New"},
            headers={"Authorization": "Bearer sk_test_sandbox"},
            trust_env=False,
        ).raise_for_status()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        page = [sys.executable, "-m", "orchestration.dagster_local.ui", "-p", str(port)]
        quiet = {"STRIPE_API_BASE": stripe, "REFRESH_SCHEDULE": "0 0 1 1 *"}
        open_.enter_context(process(page, folder, **quiet))
        url = f"http://127.0.0.1:{port}"
        until("the page is served", lambda: _answers(url))
        yield url


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/server_info", timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False


def show_lineage(page: Page, url: str) -> None:
    """One graph from Stripe to the account store, and its picture."""
    page.ask("Emulation.setDeviceMetricsOverride", **SIZE, deviceScaleFactor=2, mobile=False)
    page.ask("Page.navigate", url=f"{url}/asset-groups")
    until("the navigation shows", lambda: page.click("Hide navigation"), page)
    until("the lineage renders", lambda: {one["name"] for one in page.groups()} >= GROUPS, page)
    time.sleep(2)  # for what it draws with an animation
    boxes = page.groups()
    left, top = (min(one[side] for one in boxes) - MARGIN for side in ("left", "top"))
    right, bottom = (max(one[side] for one in boxes) + MARGIN for side in ("right", "bottom"))
    clip = {"x": left, "y": top, "width": right - left, "height": bottom - top, "scale": 1}
    page.picture(SEEN, clip=clip)


def launch_refresh(page: Page, url: str, home: Path) -> None:
    """By the job's own button; its run succeeds."""
    page.ask("Page.navigate", url=f"{url}/locations/__repository__@stripe_traits/jobs/refresh")
    until("refresh has a button", lambda: page.click("Materialize all"), page)
    until("the page launches refresh", lambda: page.shows("Launched run"), page)
    with DagsterInstance.from_config(str(home)) as instance:

        def ended() -> bool:
            return any(run.is_finished for run in launched(instance))

        until("the run of refresh ends", ended, page)
        [run] = launched(instance)
    if run.status != DagsterRunStatus.SUCCESS:
        raise SystemExit(f"the run of refresh ended as {run.status.value}: {url}/runs/{run.run_id}")


def launched(instance: DagsterInstance) -> list[DagsterRun]:
    """The runs that the page began."""
    return [run for run in instance.get_runs() if "dagster/from_ui" in run.tags]


def main() -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as open_:
        folder = Path(name)
        url = open_.enter_context(served(folder))
        page = open_.enter_context(tab(folder))
        show_lineage(page, url)
        launch_refresh(page, url, folder / "data" / "dagster")
    print(f"the lineage renders ({SEEN}); refresh launched from the page succeeded")  # noqa: T201


if __name__ == "__main__":
    main()
