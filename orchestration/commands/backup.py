"""`stripe-traits backup` and `restore`: `DATA_DIR` as one file, and back."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.configuration.environment import WrongSettings, read_settings
from orchestration.terminal.failures import explained
from orchestration.terminal.output import console, reporting
from reverse_sync.values.counted import counted

Archive = Annotated[Path, typer.Argument(help="The archive, such as backup.tar.gz.")]


def backup(
    archive: Archive,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the archive if it is there.")
    ] = False,
) -> None:
    """Write DATA_DIR into one private file, consistent while other processes go on."""
    with explained():
        settings = read_settings(for_stripe=False)
        from orchestration.backup import back_up

        if archive.exists() and not force:
            raise WrongSettings(f"{archive} is there: name another file, or replace it by --force")

        with reporting() as reporter:
            files = back_up(settings, archive, reporter)
        size = archive.stat().st_size / 1e6
        console.print(f"{archive}: {counted(files, 'file')}, {size:,.1f} MB", highlight=False)
        if not settings.site.is_local:
            console.print(
                "The lake's tables and their catalog are not in it: take backups of those two after"
                " this one, never before (docs/scale.md)."
            )


def restore(archive: Archive) -> None:
    """Put a backup into an empty DATA_DIR; the next sync goes on from there."""
    with explained():
        settings = read_settings(for_stripe=False)
        from orchestration.backup import restore as put_back

        files = put_back(settings, archive)
        console.print(
            f"{counted(files, 'file')} back in {settings.data_dir}. Next: stripe-traits sync"
        )
