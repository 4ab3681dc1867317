"""Dagster's processes on the code location, with its storage prepared in `$DATA_DIR/dagster`.

`stripe-traits ui` is all of them in one, for a desk; `... code`, `... daemon` and
`... webserver` are one each, for a server (deploy/): daemon and page ask the one
code server, which runs the jobs, over a socket. Without it the daemon would start a
server each minute. Enters: `DATA_DIR`. Leaves: this process becomes Dagster's.
"""

import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import typer

from orchestration.build.manifest import is_outdated, write_manifest
from orchestration.configuration.environment import WrongSettings, read_settings
from orchestration.dagster_local.dagster_home import (
    code_socket,
    dagster_instance,
    prepare_dagster_home,
    workspace,
)
from orchestration.dagster_local.demo_world import (
    demo_folder,
    demo_settings,
    run_beside_stripe,
)
from orchestration.project import PROJECT
from orchestration.terminal.failures import explained

SERVERS = (["code"], ["daemon"], ["webserver"])
SOCKET_BYTES = 107
PATIENCE = 120  # seconds until the code server listens
CODE = ("dagster", "api", "grpc", "-d", str(PROJECT), "-m", "orchestration.definitions", "--socket")
SERVER = ("-w", str(PROJECT / "deploy" / "workspace.yaml"))
PROGRAMS = {
    "daemon": ("dagster-daemon", "run", *SERVER),
    "webserver": ("dagster-webserver", *SERVER),
}


def main(given: list[str]) -> None:
    """Dagster's arguments, after the name of a process if it is to be one alone."""
    with explained():
        demo = None if given[:1] in SERVERS else demo_folder()
        os.environ.update(demo_settings(demo) if demo else {})
        settings = read_settings(for_stripe=False)
        code = str(code_socket(settings.folder.dagster))
        if given[:1] in SERVERS and len(os.fsencode(code)) > SOCKET_BYTES:
            raise WrongSettings(
                f"DATA_DIR: {code} is longer than the {SOCKET_BYTES} bytes that a socket's path may"
                " have: take a folder with a shorter path"
            )
        if is_outdated():
            write_manifest()
        with dagster_instance(settings):
            pass  # the first touch of an empty storage must be one process's
    os.environ["DATA_DIR"] = str(settings.data_dir.absolute())
    home = prepare_dagster_home(settings)
    os.environ.setdefault("DAGSTER_HOME", str(home))
    os.environ["CODE_SOCKET"] = code
    program, arguments = _program(given, code, workspace(home))
    if given[:1] in (["daemon"], ["webserver"]):
        _await(code)
    if settings.log_format == "json":
        arguments += ["--log-format", "json"]
    # In a shell's background (`make ui &`) SIGINT comes ignored; Dagster would not heed SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if demo:
        with explained():
            sys.exit(run_beside_stripe([str(program), *arguments], demo, os.environ))
    os.execv(program, [str(program), *arguments])


def _await(code: str) -> None:
    """Until the code server listens: they start together, and Dagster's would not look again."""
    ended = time.monotonic() + PATIENCE
    while time.monotonic() < ended:
        with socket.socket(socket.AF_UNIX) as asked, suppress(OSError):
            asked.connect(code)
            return
        time.sleep(0.2)
    raise SystemExit(f"no code server listens at {code}; start stripe-traits-code first")


def _program(given: list[str], code: str, desk: Path) -> tuple[Path, list[str]]:
    programs = PROGRAMS | {"code": (*CODE, code)}
    name, *first = programs.get(given[0] if given else "", ("dagster", "dev", "-w", str(desk)))
    rest = given[1:] if given and given[0] in programs else given
    return Path(sys.executable).with_name(name), [*first, *rest]


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except typer.Exit as ended:
        sys.exit(ended.exit_code)
