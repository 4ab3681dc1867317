"""How much memory a process has had at most, asked of the kernel until it ends."""

import time

import psutil

EVERY_SECONDS = 0.02


def peak_of(pid: int) -> int:
    """Bytes resident; waits until the process has ended, and does not collect its exit code."""
    process, peak = psutil.Process(pid), 0
    while (resident := _resident(process)) is not None:
        peak = max(peak, resident)
        time.sleep(EVERY_SECONDS)
    return peak


def _resident(process: psutil.Process) -> int | None:
    """None: it has ended."""
    try:
        ended = process.status() == psutil.STATUS_ZOMBIE
        return None if ended else int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return None
