"""The systemd units: each one's command is started as a plain process and does its work.

Those of Dagster: test_daemon; the resident loop's: test_live.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from command_line import environment
from local_stripe import LocalStripe
from source_code import commands, options
from systemd_unit import INSTALLED, PATIENCE, ROOT, answers, command, free_port, started

from orchestration.configuration.settings import Settings


def until(done: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    ended = time.monotonic() + PATIENCE
    while not done():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < ended, log.read_text()
        time.sleep(0.2)


def test_a_folder_too_deep_for_a_socket_is_one_line(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "orchestration.dagster_local.ui", "code"],
        env=environment(DATA_DIR=str(tmp_path / ("deep" * 20) / "data")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 2
    assert finished.stderr.startswith("stripe-traits: DATA_DIR: ")
    assert "take a folder with a shorter path" in finished.stderr


def test_webhooks_are_received(local_stripe: LocalStripe, tmp_path: Path) -> None:
    port = free_port()
    settings = {"STRIPE_WEBHOOK_SECRETS": "whsec_test", "STRIPE_API_BASE": local_stripe.url}
    with started([*command("webhooks"), "--port", port], tmp_path, **settings) as process:
        until(lambda: answers(f"http://127.0.0.1:{port}/health"), process, tmp_path / "log")


@pytest.mark.parametrize("unit", ["code", "daemon", "webserver", "webhooks", "live"])
def test_units_keep_to_their_folder(unit: str) -> None:
    text = (ROOT / "deploy" / f"stripe-traits-{unit}.service").read_text()
    for line in ("User=stripe-traits", "ProtectSystem=strict", "UMask=0077", "Restart=on-failure"):
        assert line in text.splitlines()


def test_the_command_line_has_the_settings_of_the_units(tmp_path: Path) -> None:
    settings = tmp_path / "settings.env"
    settings.write_text(f"DATA_DIR={tmp_path / 'data'}\nNIGHTLY_SCHEDULE=0 3 * * *\n")
    script = (ROOT / "deploy" / "stripe-traits").read_text()
    for installed, here in {
        "sudo -u stripe-traits ": "",
        INSTALLED: str(ROOT),
        "/etc/stripe-traits.env": str(settings),
    }.items():
        assert installed in script
        script = script.replace(installed, here)
    finished = subprocess.run(
        ["/bin/sh", "-c", script, "stripe-traits", "status"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    assert f"{tmp_path / 'data' / 'marts.duckdb'} does not exist" in finished.stderr


COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = {name: one for name, one in COMPOSE["services"].items() if name != "postgres"}


@pytest.mark.parametrize("service", SERVICES)
def test_services_run_commands_that_exist_and_may_write_their_volume_alone(service: str) -> None:
    """What they do in containers: make test-containers."""
    found = SERVICES[service]
    command, *words = found["command"]
    known = commands()[command]
    given = {word for word in words if word.startswith("--")}
    assert given <= {*options(known)}
    assert found["read_only"]
    assert found["cap_drop"] == ["ALL"]
    assert found["volumes"] == ["data:/data"]
    assert found["healthcheck"]["test"]
    assert all(port.startswith("127.0.0.1:") for port in found.get("ports", ()))


def test_no_setting_with_a_secret_stands_in_the_files_of_the_containers() -> None:
    secret = {name.upper() for name, one in Settings.model_fields.items() if "Secret" in str(one)}
    for name in ("Containerfile", "compose.yaml"):
        text = (ROOT / name).read_text()
        assert not [word for word in secret if f"{word}:" in text or f"{word}=" in text], name
    assert "!stripe-traits.env" not in (ROOT / ".containerignore").read_text()
    assert "stripe-traits.env" in (ROOT / ".gitignore").read_text()
