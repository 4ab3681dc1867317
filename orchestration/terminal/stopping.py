"""Ctrl-C and SIGTERM: how the process ends, and with which exit code.

Enters: signals. Leaves: KeyboardInterrupt in the main thread for both, the code by which the shell
knows the signal (130, 143), and an end without a word of the threads that are still at work.
"""

import atexit
import os
import signal
import sys
import threading
from typing import Any, NoReturn

STOPPED: dict[int, int] = {signal.SIGINT: 130, signal.SIGTERM: 143}
AGAIN_SECONDS = 0.05
_heard: list[int] = []  # the pipe's end to read from


def listen() -> None:
    """SIGTERM stops like Ctrl-C. Which of them came is written to a pipe: Dagster puts a handler of
    its own in the place of both, which does not tell."""
    into_read, into_write = os.pipe()
    for end in (into_read, into_write):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(into_write, warn_on_full_buffer=False)
    _heard[:] = [into_read]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)
    sys.unraisablehook = _again


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


def _again(swallowed: Any) -> None:
    """Python drops what is raised where it collects garbage, the interrupt too: it comes again."""
    if issubclass(swallowed.exc_type, Exception):
        sys.__unraisablehook__(swallowed)
        return
    again = threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), signal.SIGINT))
    again.daemon = True
    again.start()


def stopped_code() -> int | None:
    """The exit code after the signal that came first; None where none came.

    What was raised after it is its consequence, whatever it is: libraries turn the interrupt into
    errors of their own. A command with handlers of its own decides itself what a signal means.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return None
    try:
        came = os.read(_heard[0], 64) if _heard else b""
    except BlockingIOError:
        return None
    return next((STOPPED[number] for number in came if number in STOPPED), None)


def leave(code: int) -> NoReturn:
    """End now. A thread inside DuckDB that outlives the interpreter aborts the process, so where a
    signal has left some at work it does not wait for them; else it does. To take the libraries down
    module by module costs a tenth of a second: only what they asked for at the end is done."""
    for number in STOPPED:
        signal.signal(number, signal.SIG_IGN)
    alone = threading.active_count() == 1
    if not alone and code not in STOPPED.values():
        sys.exit(code)
    if alone:
        atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except OSError:
        sys.exit(code)  # Python tells of it, and ends with a code of its own
    os._exit(code)
