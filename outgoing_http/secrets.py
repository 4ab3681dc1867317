"""The secrets of this process, taken out of any text that is told or kept.

Enters: the secrets, once they are known; texts from anywhere, mostly from other servers, which may
repeat what they were sent. Leaves: the texts, with `***` in place of each secret, in each form in
which one travels: plain, in base64 (basic auth), in a URL, in JSON. One place for all of them:
whoever writes to a terminal, a log, a database or an exception asks here.
"""

import base64
import html
import json
import re
from collections.abc import Callable, Iterable
from urllib.parse import quote, quote_plus

HIDDEN = "***"
SHORTEST = 4  # a shorter one cannot be told from a word
# Keys of others, which a server or a file may show.
KEY = re.compile(r"\b(?:(?:sk|rk)_(?:live|test)|whsec)_[A-Za-z0-9]{10,}")
ESCAPE = re.compile("%[0-9A-F]{2}")
WRITTEN: tuple[Callable[[str], str], ...] = (
    lambda text: quote(text, safe=""),
    quote,
    lambda text: ESCAPE.sub(lambda found: found[0].lower(), quote(text, safe="")),
    quote_plus,
    html.escape,
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: text.replace("/", "\\/"),
    lambda text: repr(text)[1:-1],
)

_held: set[str] = set()
_forms: list[str] = []  # longest first: a part of one may be another


def hide(secrets: Iterable[str]) -> None:
    """From now on no text that passes `scrubbed` has one of these."""
    new = {one for one in secrets if len(one) >= SHORTEST} - _held
    if new:
        _held.update(new)
        every = {*_forms}.union(*map(_written, new))
        _forms[:] = sorted(every, key=len, reverse=True)


def forget() -> None:
    """Hide nothing any more but keys: for a process that goes on with other settings."""
    _held.clear()
    _forms.clear()


def scrubbed(text: str) -> str:
    """The text without secrets."""
    for form in _forms:
        if form in text:
            text = text.replace(form, HIDDEN)
    return KEY.sub(HIDDEN, text)


def _written(secret: str) -> set[str]:
    """Each form, and each form of a form: JSON in JSON, an address in a form."""
    forms = {secret, *_encoded(secret.encode())}
    for _ in range(2):
        forms |= {write(form) for form in forms for write in WRITTEN}
    return {form for form in forms if len(form) >= SHORTEST}


def _encoded(secret: bytes) -> set[str]:
    """What base64 makes of it wherever it stands in a text, such as `user:secret`: the letters
    that it alone decides."""
    found = set()
    for before in range(3):
        text = base64.b64encode(b"\0" * before + secret).decode()
        alone = text[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        found |= {alone, alone.translate(str.maketrans("+/", "-_"))}
    return {one for one in found if len(one) > SHORTEST}
