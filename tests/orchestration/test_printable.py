"""Nothing that came from outside steers the terminal, and no secret is shown there."""

import base64
import html
import io
import json
import re
from urllib.parse import quote, quote_plus

import pytest

from orchestration.configuration.url_secrets import url_secrets
from orchestration.pages.explain_lines import text
from orchestration.pages.tables import table
from orchestration.terminal.printable import Terminal
from outgoing_http.secrets import hide, scrubbed

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\r\x7f"
SECRET = 'Zq7never"pa/ss+w=rd&more'


def shown(*, colour: bool = False) -> tuple[Terminal, io.StringIO]:
    file = io.StringIO()
    return Terminal(file=file, width=200, force_terminal=colour), file


def test_hostile_text_is_written_out_however_it_is_printed() -> None:
    terminal, file = shown()
    terminal.print(HOSTILE, markup=False, soft_wrap=True)
    terminal.out(HOSTILE)
    terminal.rule(HOSTILE)
    terminal.print(table([{"name": HOSTILE, HOSTILE: 1}], title=HOSTILE))
    terminal.print_json(json.dumps({"name": HOSTILE}))
    said = file.getvalue()
    assert not set(said) & set("\x1b\x07\x9b\u202e\r\x7f")
    assert said.count("\\u001b[2J") == 7
    assert json.loads(said[said.index("{") :])["name"] == HOSTILE


def test_colours_stay() -> None:
    terminal, file = shown(colour=True)
    terminal.print(f"[red]{HOSTILE}[/red]")
    assert file.getvalue().startswith("\x1b[31m")
    assert "\x1b[2J" not in file.getvalue()


def test_a_value_cannot_look_like_the_next_line() -> None:
    assert text(["a\nsum a month  1.00"]) == "a\\nsum a month  1.00"


def test_each_form_of_a_secret_is_taken_out() -> None:
    hide([SECRET])
    forms = [
        SECRET,
        base64.b64encode(f"{SECRET}:".encode()).decode(),
        base64.b64encode(f"user:{SECRET}".encode()).decode(),
        base64.urlsafe_b64encode(f"us:{SECRET}".encode()).decode(),
        quote(SECRET),
        re.sub("%..", lambda found: found[0].lower(), quote(SECRET, safe="")),
        quote_plus(SECRET),
        html.escape(SECRET),
        json.dumps(SECRET),
        json.dumps(json.dumps(SECRET)),
        json.dumps(SECRET).replace("/", "\\/"),
        repr({"Authorization": f"Bearer {SECRET}"}),
        quote_plus(json.dumps(SECRET)),
    ]
    for form in forms:
        told = scrubbed(f"before {form} after")
        assert told.startswith("before ")
        assert told.endswith(" after")
        assert "***" in told, form
        assert "Zq7" not in told, form
        assert base64.b64encode(b"Zq7never").decode()[:8] not in told, form


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("postgresql://user:pa%2Fss@host/db", {"pa%2Fss", "pa/ss"}),
        (
            "https://hooks.example.com/services/T024BE7LD/abcdefghijklmnopq",
            {"T024BE7LD", "abcdefghijklmnopq"},
        ),
        ("https://example.com/hook?key=tok3n", {"tok3n"}),
        ("sqlite:///data/accounts1.db", set()),
        ("vitally://subdomain1", set()),
        ("", set()),
    ],
)
def test_the_secrets_of_an_address(address: str, found: set[str]) -> None:
    assert set(url_secrets(address)) == found
