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
from dagster import DagsterInstance, DagsterRunStatus
from websockets.sync.client import ClientConnection, connect

from benchmarks.processes import PROGRAM, process

ROOT = Path(__file__).parents[1]
PATIENCE = 240  # seconds: a page of a busy machine
SIZE = {"width": 1600, "height": 900}
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

    def shows(self, *words: str) -> bool:
        text = self.text()
        return all(word in text for word in words)

    def picture(self, path: Path) -> None:
        data = self.ask("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))


def browser() -> str:
    """Chromium's program; Debian's is installed where there is none."""
    if not shutil.which("chromium"):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
        subprocess.run([*install, "chromium", "fonts-dejavu-core"], check=True)
    return str(shutil.which("chromium"))


def until(what: str, happens: Callable[[], object]) -> None:
    ended = time.monotonic() + PATIENCE
    while not happens():
        if time.monotonic() > ended:
            raise SystemExit(f"did not happen: {what}")
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
        page = [sys.executable, "-m", "orchestration.ui", "-p", str(port)]
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


def main() -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as open_:
        folder = Path(name)
        url = open_.enter_context(served(folder))
        page = open_.enter_context(tab(folder))
        page.ask("Page.navigate", url=f"{url}/asset-groups")
        until("the lineage renders", lambda: page.shows("account_store", "account_traits"))
        time.sleep(3)  # for what it draws with an animation
        page.picture(ROOT / "docs" / "lineage.png")
        page.ask("Page.navigate", url=f"{url}/locations/stripe_traits/jobs/refresh")
        until("refresh is launched", lambda: page.evaluate(CLICK % '"Materialize all"'))
        home = str(folder / "data" / "dagster")
        with DagsterInstance.from_config(home) as instance:
            succeeded = DagsterRunStatus.SUCCESS

            def done() -> bool:
                runs = [one for one in instance.get_runs() if one.tags.get("dagster/from_ui")]
                return bool(runs) and runs[0].status == succeeded

            until("refresh succeeds", done)
        print("the lineage renders; refresh launched from the page succeeded")  # noqa: T201


if __name__ == "__main__":
    main()
