"""The writers' lock between real processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestration.file_lock import LockHeld, writer_lock

HOLD = """
import sys, time
from pathlib import Path
from orchestration.file_lock import writer_lock
with writer_lock(Path(sys.argv[1]), purpose="load"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def hold(path: Path, seconds: float) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_waiting_writer_is_told_who_holds_the_warehouse(tmp_path: Path) -> None:
    holder = hold(tmp_path / "lock", 1)
    heard: list[str] = []
    with writer_lock(tmp_path / "lock", purpose="transform", on_wait=heard.append):
        assert heard == [f"process {holder.pid} (load)"]
    holder.wait(timeout=10)


def test_impatient_writer_fails_with_the_holder_and_the_remedy(tmp_path: Path) -> None:
    holder = hold(tmp_path / "lock", 30)
    with (
        pytest.raises(LockHeld, match=rf"process {holder.pid} \(load\).*run again"),
        writer_lock(tmp_path / "lock", purpose="transform", patience=0.3),
    ):
        pass
    holder.kill()
    holder.wait(timeout=10)


def test_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    holder = hold(tmp_path / "lock", 60)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(timeout=10)
    began = time.monotonic()
    with writer_lock(tmp_path / "lock", purpose="load", patience=5):
        assert time.monotonic() - began < 5
