"""The page in a browser: `make page` (not a part of `make test`: it wants Debian's chromium).

Enters: nothing; chromium is installed where it is missing. Leaves: docs/lineage.png, or what did
not show. The lineage renders, and `refresh` launched from the page by its button
succeeds.
"""

import json
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from chromium import Page, tab, until
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

from benchmarks.processes import PROGRAM, process

ROOT = Path(__file__).parents[2]
SIZE = {"width": 1750, "height": 520}  # the whole lineage, with names that can still be read
WINDOW = f"--window-size={SIZE['width']},{SIZE['height']}"
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


def groups(page: Page) -> list[dict[str, Any]]:
    """The lineage's boxes, one a group of assets."""
    found: list[dict[str, Any]] = json.loads(page.evaluate(NODES))
    return [one for one in found if one["name"]]


def show_lineage(page: Page, url: str) -> None:
    """One graph from Stripe to the account store, and its picture."""
    page.ask("Emulation.setDeviceMetricsOverride", **SIZE, deviceScaleFactor=2, mobile=False)
    page.ask("Page.navigate", url=f"{url}/asset-groups")
    until("the navigation shows", lambda: page.click("Hide navigation"), page)
    until("the lineage renders", lambda: {one["name"] for one in groups(page)} >= GROUPS, page)
    time.sleep(2)  # for what it draws with an animation
    boxes = groups(page)
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
        page = open_.enter_context(tab(folder, WINDOW))
        show_lineage(page, url)
        launch_refresh(page, url, folder / "data" / "dagster")
    print(f"the lineage renders ({SEEN}); refresh launched from the page succeeded")  # noqa: T201


if __name__ == "__main__":
    main()
