"""What counts as a change of an account's traits."""

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reverse_sync.diff.trait_changes import after, diff
from reverse_sync.values.traits import InvalidTraits, Value, canonical, parse_traits, same

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10).map(lambda number: Decimal(number) / 4),
    st.sampled_from(["", "1", "true", "2030-08-31"]),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=2).map(tuple))
FIXED = ["stripe.mrr", "stripe.email", "stripe.planIds"]
METADATA = ["stripe.metadata.plan-x", "stripe.metadata.plan_x", "stripe.metadata.a.b/c~d'\""]
TRAITS = st.dictionaries(st.sampled_from(FIXED + METADATA), VALUES)


def one(value: Value) -> dict[str, Value]:
    return {"stripe.mrr": value}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Decimal(1), "1"),
        (Decimal(1), True),
        (Decimal(0), False),
        (Decimal(0), None),
        ("", None),
        ((), None),
        ((None,), ()),
        ((Decimal(1),), (True,)),
        ((Decimal(1),), Decimal(1)),
        (("a", "b"), ("b", "a")),
        ("a", "A"),
    ],
)
def test_values_of_another_type_or_order_differ(left: Value, right: Value) -> None:
    assert diff(one(left), one(right))
    assert diff(one(right), one(left))


@pytest.mark.parametrize("text", ["50", "50.0", "50.000", "5e1", "5.0E+1"])
def test_trailing_zeros_are_no_difference(text: str) -> None:
    assert not diff(one(Decimal(50)), parse_traits(f'{{"stripe.mrr": {text}}}'))
    assert canonical(parse_traits(f'{{"stripe.mrr": {text}}}')) == '{"stripe.mrr":50}'


@pytest.mark.parametrize("text", ["0", "-0", "0.00", "-0.0", "0e5"])
def test_zero_is_zero(text: str) -> None:
    assert canonical(parse_traits(f'{{"stripe.mrr": {text}}}')) == '{"stripe.mrr":0}'


def test_decimals_keep_every_digit() -> None:
    text = '{"stripe.mrr":12345678901234567890.123456789012345678}'
    assert canonical(parse_traits(text)) == text


def test_a_null_seen_first_is_nothing_to_send() -> None:
    assert not diff({}, {"stripe.mrr": None, "stripe.email": None})


def test_a_value_that_went_is_cleared() -> None:
    change = diff({"stripe.mrr": Decimal(5)}, {"stripe.mrr": None})
    assert (change.set, change.unset) == ({}, ("stripe.mrr",))


def test_an_absent_trait_is_left_alone() -> None:
    assert not diff({"stripe.mrr": Decimal(5)}, {})
    assert after({"stripe.mrr": Decimal(5)}, {}) == {"stripe.mrr": Decimal(5)}


def test_an_absent_metadata_key_is_cleared_and_forgotten() -> None:
    acknowledged: dict[str, Value] = {"stripe.metadata.plan-x": "1", "stripe.metadata.plan_x": "2"}
    current: dict[str, Value] = {"stripe.metadata.plan-x": "1"}
    assert diff(acknowledged, current).unset == ("stripe.metadata.plan_x",)
    assert not diff(after(acknowledged, current), current)


def test_an_uncertain_trait_is_sent_though_it_looks_the_same() -> None:
    current: dict[str, Value] = {"stripe.mrr": Decimal(5), "stripe.email": None}
    uncertain = {"stripe.mrr", "stripe.email", "stripe.metadata.gone", "stripe.name"}
    change = diff(current, current, uncertain=uncertain)
    assert change.set == {"stripe.mrr": Decimal(5)}
    assert change.unset == ("stripe.email", "stripe.metadata.gone")


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine says nothing of the data
@given(acknowledged=TRAITS, current=TRAITS, uncertain=st.sets(st.sampled_from(FIXED + METADATA)))
def test_applying_the_change_gives_the_traits_after_it(
    acknowledged: dict[str, Value], current: dict[str, Value], uncertain: set[str]
) -> None:
    change = diff(acknowledged, current, uncertain=uncertain)
    store = {name: value for name, value in acknowledged.items() if value is not None}
    store = {name: v for name, v in {**store, **change.set}.items() if name not in change.unset}
    wanted = {n: v for n, v in after(acknowledged, current).items() if v is not None}
    assert store.keys() == wanted.keys()
    assert all(same(store[name], wanted[name]) for name in wanted)
    assert not diff(after(acknowledged, current), current)


@given(traits=TRAITS)
def test_canonical_text_comes_back_as_it_was(traits: dict[str, Value]) -> None:
    back = parse_traits(canonical(traits))
    assert back.keys() == traits.keys()
    assert all(same(back[name], traits[name]) for name in traits)
    assert canonical(back) == canonical(traits)


NUMBERS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["0", "-0", "7", "-50", "123456789012345", "9007199254740993", "2" * 25]),
    st.sampled_from(["", ".0", ".10", ".25", ".000000000000001", ".10000000000000000001"]),
    st.sampled_from(["", "", "e3", "E-5"]),
)
KEYS = st.sampled_from(["stripe.a", 'stripe.metadata.b"stripe.a', "stripe.metadata.é"])


@given(numbers=st.dictionaries(KEYS, st.one_of(NUMBERS, st.lists(NUMBERS, max_size=2))))
def test_every_number_is_read_with_every_digit(numbers: dict[str, str | list[str]]) -> None:
    texts = {key: n if isinstance(n, str) else f"[{', '.join(n)}]" for key, n in numbers.items()}
    text = ",".join(f"{json.dumps(key, ensure_ascii=False)}:{n}" for key, n in texts.items())
    read = parse_traits(f"{{{text}}}")
    exact = {
        k: Decimal(n) if isinstance(n, str) else tuple(map(Decimal, n)) for k, n in numbers.items()
    }
    assert read.keys() == exact.keys()
    assert all(same(read[key], exact[key]) for key in exact)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "null",
        "{",
        '{"stripe.a": {"b": 1}}',
        '{"stripe.a": [[1]]}',
        '{"stripe.a": [{}]}',
        '{"stripe.a": NaN}',
        '{"stripe.a": 1e999999}',
    ],
)
def test_what_no_trait_can_hold_is_named(text: str) -> None:
    with pytest.raises(InvalidTraits, match=r"traits|trait stripe\.a|number"):
        parse_traits(text)


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(InvalidTraits, match="cannot be written"):
        canonical(parse_traits('{"stripe.a": "\\ud800"}'))
