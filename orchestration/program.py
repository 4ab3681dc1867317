"""The program `stripe-traits`: the command line, from its first signal to its exit code."""

import signal
import sys

# Until a command begins nothing is half done: a signal ends the process without a word.
signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> None:
    """One command; ends the process."""
    from orchestration.cli import app
    from orchestration.terminal import stopping

    stopping.listen()
    try:
        app()
        code = 0
    except (SystemExit, KeyboardInterrupt) as end:
        code = _code(end) if isinstance(end, SystemExit) else stopping.STOPPED[signal.SIGINT]
        # Typer takes whatever interrupts it before the command begins for Ctrl-C.
        if code == stopping.STOPPED[signal.SIGINT]:
            code = stopping.stopped_code() or code
    stopping.leave(code)


def _code(end: SystemExit) -> int:
    if isinstance(end.code, str):
        sys.stderr.write(f"{end.code}\n")
    return end.code if isinstance(end.code, int) else int(end.code is not None)


if __name__ == "__main__":
    main()
