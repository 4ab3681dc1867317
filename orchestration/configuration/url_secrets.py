"""The parts of an address that are secrets.

Enters: a URL of the settings. Leaves: its password, and what in path and query looks like a token.
Host, user and plain words of a path may be shown.
"""

import re
from urllib.parse import parse_qsl, unquote, urlsplit

# `services` and `v1` are words; `T024BE7LD` and a long run of letters are not.
TOKEN = re.compile(r"(?=.*[0-9])[^/]{5,}|[^/]{16,}")
FILES = ("sqlite",)


def url_secrets(address: str) -> list[str]:
    """Each as it stands in the address, and decoded."""
    try:
        parts = urlsplit(address)
        password = parts.password or ""
    except ValueError:
        return [address]
    if not address or parts.scheme in FILES:
        return []
    http = parts.scheme in ("http", "https")
    found = [password]
    found += [one for one in parts.path.split("/") if http and TOKEN.fullmatch(one)]
    named = parse_qsl(parts.query)
    found += [value for name, value in named if http or "password" in name.lower()]
    return [form for one in found if one for form in (one, unquote(one))]
