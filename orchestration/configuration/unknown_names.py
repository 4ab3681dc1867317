"""Names in the environment or in `.env` that look like a setting and are none.

Enters: names, the known ones. Leaves: a complaint for each, with the nearest known name. A typing
error must not leave a limit or a guard at its default without a word.
"""

from collections.abc import Iterable
from difflib import get_close_matches

ALIKE = 0.82  # STRIPE_CONCURENCY is near; STRIPE_SECRET_KEY, another program's, is not
DBT = frozenset({"WAREHOUSE_PATH", "WAREHOUSE_TARGET", "WAREHOUSE_HOST", "WAREHOUSE_PORT"})


def unknown(environment: Iterable[str], env_file: Iterable[str], known: Iterable[str]) -> list[str]:
    """One line for each. The environment is shared with other programs, so there only a name that
    is near a known one counts; `.env` is ours, and any name with a prefix of ours counts."""
    names = sorted(name.upper() for name in known)
    prefixes = {name.split("_")[0] for name in names}
    strange = {name.upper() for name in (*environment, *env_file)} - {*names, *DBT}
    ours = {name.upper() for name in env_file}
    complaints = []
    for name in sorted(strange):
        if name.split("_")[0] not in prefixes:
            continue
        nearest = get_close_matches(name, names, n=1, cutoff=ALIKE)
        if nearest:
            complaints.append(f"{name} is no setting: did you mean {nearest[0]}? Rename it")
        elif name in ours:
            complaints.append(f"{name} in .env is no setting: .env.example lists them; remove it")
    return complaints
