"""What a store gets of an account's traits, by name and unit, and what is cleared there."""

from decimal import Decimal

import pytest

from reverse_sync.values.mapping import TraitMapping
from reverse_sync.values.traits import InvalidTraits

TRAITS = {
    "stripe.mrr": Decimal("50.5"),
    "stripe.name": None,
    "stripe.planAmounts": (Decimal("0.005"), None),
    "stripe.metadata.tier": "gold",
    "custom.health": Decimal(7),
}
LARGE = Decimal(1234567890123456789012345678901234567)
CRM = TraitMapping(
    leave_out=("stripe.metadata.*",), rename={"stripe.mrr": "revenue"}, prefix="billing."
)


def test_names_and_their_way_back() -> None:
    held = CRM.applied(TRAITS, decimals=())
    assert set(held) == {"revenue", "billing.name", "billing.planAmounts", "custom.health"}
    assert [CRM.trait(name) for name in ("revenue", "billing.name", "custom.health")] == [
        "stripe.mrr",
        "stripe.name",
        "custom.health",
    ]
    for name in ("stripe.mrr", "billing.mrr", "billing.metadata.tier", "app.seats"):
        assert CRM.trait(name) is None, name


def test_what_an_earlier_mapping_left_is_cleared_and_what_is_not_known_stays() -> None:
    current = CRM.applied({"stripe.mrr": Decimal(1)}, decimals=())
    before = ("stripe.mrr", "billing.mrr", "revenue", "billing.name", "custom.health")
    assert CRM.cleared(before, current) == {"stripe.mrr": None, "billing.mrr": None}


def test_a_metadata_key_that_is_gone_is_cleared_under_its_name_in_the_store() -> None:
    mapping = TraitMapping(prefix="billing.")
    assert mapping.cleared(["billing.metadata.tier"], {}) == {"billing.metadata.tier": None}


def test_minor_units_are_exact_by_the_decimals_of_the_account() -> None:
    amounts = frozenset({"stripe.mrr", "stripe.planAmounts"})
    mapping = TraitMapping(money="minor", amounts=amounts)
    held = mapping.applied(TRAITS, decimals=[2])
    assert held["stripe.mrr"] == Decimal(5050)
    assert held["stripe.planAmounts"] == (Decimal("0.5"), None)
    assert held["custom.health"] == Decimal(7)
    assert mapping.applied(TRAITS, decimals=[0])["stripe.mrr"] == Decimal("50.5")
    many = {"stripe.mrr": Decimal("1234567890123456789012345678901234.567")}
    assert mapping.applied(many, decimals=[3])["stripe.mrr"] == LARGE


@pytest.mark.parametrize("decimals", [[], [0, 2]])
def test_minor_units_of_which_nobody_knows_the_decimals_are_refused(decimals: list[int]) -> None:
    mapping = TraitMapping(money="minor", amounts=frozenset({"stripe.mrr"}))
    with pytest.raises(InvalidTraits, match="no decimals in common"):
        mapping.applied(TRAITS, decimals=decimals)
