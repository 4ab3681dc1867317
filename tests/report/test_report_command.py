"""`stripe-traits report` as a process."""

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from command_line import PROGRAM, environment, run


@contextmanager
def started(
    data: Path, *options: str, **settings: str
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The address that it prints, and the process."""
    process = subprocess.Popen(
        [PROGRAM, "report", "--port", "0", *options],
        stdout=subprocess.PIPE,
        text=True,
        cwd=data,
        env=environment(DATA_DIR=str(data), **settings),
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        yield line.split()[1], process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(published_business: Path, number: int) -> None:
    with started(published_business.parent) as (url, process):
        answer = httpx.get(url, trust_env=False)
        assert answer.status_code == 200
        assert "server" not in answer.headers
        process.send_signal(number)
        assert process.wait(timeout=60) == 0


def test_its_address_beyond_this_machine_has_the_token(published_business: Path) -> None:
    options = ("--name", "report.example.com")
    with started(published_business.parent, *options, REPORT_TOKEN="of-the-settings") as (url, _):
        address, _, shown = url.partition("?token=")
        assert shown == "REPORT_TOKEN"  # the name of the setting, not the secret
        assert httpx.get(address, trust_env=False).status_code == 401
        with httpx.Client(trust_env=False, follow_redirects=True) as client:
            assert client.get(address, params={"token": "of-the-settings"}).status_code == 200


def test_without_a_setting_each_start_has_a_token_of_its_own(published_business: Path) -> None:
    options = ("--name", "report.example.com")
    with (
        started(published_business.parent, *options) as (one, _),
        started(published_business.parent, *options) as (other, _),
    ):
        assert one.partition("=")[2] != other.partition("=")[2]
        with httpx.Client(trust_env=False, follow_redirects=True) as client:
            assert client.get(one).status_code == 200


def test_a_port_that_is_taken_is_one_line(published_business: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run("report", "--port", port, cwd=published_business.parent)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in ended.stderr
