"""How many of what, in words.

Enters: a number, a thing in the singular. Leaves: `1 account`, `2,000 accounts`.
"""


def counted(number: int, thing: str) -> str:
    """The plural of these things is made with an s."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
