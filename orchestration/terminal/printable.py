"""Text from Stripe and from stores, as a terminal may get it.

Enters: any text. Leaves: the same without secrets, and with each character that steers a terminal
(escape sequences, marks that turn the direction of writing round) written out as `\\u001b`, which
JSON reads as the same character.
"""

import re
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from outgoing_http.secrets import scrubbed

STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff]"
)


def printable(text: str) -> str:
    """For lines; their ends and tabs stay."""
    return STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", scrubbed(text))


def in_line(text: str) -> str:
    """For one line: what looks like the next one stays in it."""
    return printable(text).replace("\n", "\\n")


class Terminal(Console):
    """rich's console, on which all text is printable; colours are its own."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Here, so that widths are those of what is shown."""
        return super().render_str(printable(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Here too, for what comes as another thing than a string."""
        for segment in super().render(renderable, options):
            plain = segment.control or segment.text == printable(segment.text)
            yield segment if plain else segment._replace(text=printable(segment.text))

    def out(self, *texts: Any, **options: Any) -> None:
        super().out(*(printable(str(text)) for text in texts), **options)
