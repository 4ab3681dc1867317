"""Names of traits as a CRM takes them: lower case letters, digits and _.

Enters: what is written of an account, by trait. Leaves: the same by property, or the line that says
which two traits would be one property.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from reverse_sync.stores.account_store import AccountWrite
from reverse_sync.values.traits import InvalidTraits, Traits, Value

_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_UNFIT = re.compile(r"[^a-z0-9]+")
LONGEST = 100
REMEDY = "rename or leave out one of them for this store (stores.yml)"

Properties = Mapping[str, tuple[str, Value]]


@lru_cache(10_000)  # metadata keys may be many
def property_name(trait: str) -> str:
    """`stripe.planAmount` is `stripe_plan_amount`: a capital begins a word, and whatever is neither
    a letter of ASCII nor a digit parts two of them."""
    name = _UNFIT.sub("_", _CAPITAL.sub("_", trait).lower()).strip("_")
    if not name or not name[0].isalpha() or len(name) > LONGEST:
        raise InvalidTraits(f"no property can have the name of the trait {trait}; {REMEDY}")
    return name


def by_property(write: AccountWrite, known: Traits) -> Properties:
    """What the write sets and clears: property -> trait and value. `known`: the traits that the
    account has; two of them in one property would overwrite each other."""
    held: dict[str, str] = {}
    for trait in [*(t for t in known if t not in write.unset), *write.set]:
        name = property_name(trait)
        if held.setdefault(name, trait) != trait:
            raise InvalidTraits(f"{held[name]} and {trait} would both be {name}; {REMEDY}")
    cleared = {property_name(trait): (trait, None) for trait in write.unset}
    kept = {name: pair for name, pair in cleared.items() if name not in held}
    return {**kept, **{property_name(trait): (trait, value) for trait, value in write.set.items()}}
