"""Dagster's processes on `workspace.yaml`, with its storage prepared in `$DATA_DIR/dagster`.

`python -m orchestration.ui` is all of them in one, for a desk; `... code`, `... daemon` and
`... webserver` are one each, for a server (deploy/): daemon and page ask the one code server, which
runs the jobs, over a socket. Left to itself the daemon starts another one each minute. Enters:
`DATA_DIR`. Leaves: this process becomes Dagster's.
"""

import os
import sys
from pathlib import Path

from orchestration.dagster_home import code_socket, dagster_instance, prepare_dagster_home
from orchestration.failures import explained
from orchestration.manifest import is_outdated, write_manifest
from orchestration.project import PROJECT
from orchestration.settings import read_settings

CODE = ("dagster", "api", "grpc", "-m", "orchestration.definitions", "--socket")
DESK, SERVER = ("-w", "workspace.yaml"), ("-w", "deploy/workspace.yaml")
PROGRAMS = {
    "daemon": ("dagster-daemon", "run", *SERVER),
    "webserver": ("dagster-webserver", *SERVER),
}


def main() -> None:
    with explained():
        settings = read_settings(for_stripe=False)
        if is_outdated():
            write_manifest()
        with dagster_instance(settings):
            pass  # the first touch of an empty storage must be one process's
    # Runs are started in the project's folder: what is relative here must mean the same there.
    os.environ["DATA_DIR"] = str(settings.data_dir.absolute())
    os.environ.setdefault("DAGSTER_HOME", str(prepare_dagster_home(settings.data_dir)))
    os.environ["CODE_SOCKET"] = socket = str(code_socket(settings.data_dir))
    os.chdir(PROJECT)
    program, arguments = _program(sys.argv[1:], socket)
    if settings.log_format == "json":
        arguments += ["--log-format", "json"]
    os.execv(program, [str(program), *arguments])


def _program(given: list[str], socket: str) -> tuple[Path, list[str]]:
    programs = PROGRAMS | {"code": (*CODE, socket)}
    name, *first = programs.get(given[0] if given else "", ("dagster", "dev", *DESK))
    rest = given[1:] if given and given[0] in programs else given
    return Path(sys.executable).with_name(name), [*first, *rest]


if __name__ == "__main__":
    main()
