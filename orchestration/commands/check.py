"""`stripe-traits check`: everything that a user wrote, validated before anything is read."""

import json as to_json

import typer

from orchestration.terminal.failures import FAILED, explained
from orchestration.terminal.output import Json, console
from orchestration.terminal.printable import in_line


def check(json: Json = False) -> None:
    """Validate all settings and YAML files, without network and without reading data.

    Prints each finding on a line: file, line, key, remedy. The exit code is 1 where there is one.
    """
    with explained():
        from dataclasses import asdict

        from orchestration.validation.checks import findings

        found = findings()
    if json:
        console.print_json(to_json.dumps([asdict(one) for one in found]))
    else:
        for one in found:
            console.print(in_line(str(one)), markup=False, highlight=False, soft_wrap=True)
        if not found:
            console.print("settings and files are right", highlight=False)
    if found:
        raise typer.Exit(FAILED)
