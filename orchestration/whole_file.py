"""A small file that is read by other processes while it is written.

Enters: a path and its text. Leaves: the file, private, with the old text or the new one whole.
"""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """A reader never sees a part of it, nor a second writer's."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    draft.write_text(text)
    draft.chmod(0o600)
    draft.replace(path)
