"""One further account store, as `stores.yml` defines it.

Enters: the data under its name. Leaves: a frozen `StoreDefinition`, and the rules that it makes for
the reverse-sync. Not here: its address and secret, which stand in the environment.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from orchestration.configuration.checks import limit
from orchestration.configuration.stores.known_traits import decimals, known_traits, money_traits
from reverse_sync.guards import GUARDS
from reverse_sync.values.mapping import TraitMapping
from reverse_sync.values.store_rules import Audience, StoreRules
from reverse_sync.values.traits import METADATA, NAMESPACE, OWN

OPEN = (METADATA, OWN)  # what stands below them is not known before it is there


def _printable(name: str) -> str:
    if name == name.strip() and name.isprintable():
        return name
    raise ValueError("a name has no blank at its ends, and nothing that is not printed")


Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_printable)]


def _trait(name: str) -> str:
    if name in known_traits() or name.startswith(OPEN):
        return name
    raise ValueError(f"{name} is no trait; docs/traits.md lists them, with their names")


def _pattern(pattern: str) -> str:
    probe = TraitMapping(traits=(pattern,))
    is_open = pattern.startswith(OPEN) or any(one.startswith(pattern.rstrip("*")) for one in OPEN)
    if is_open or any(probe.name(trait) for trait in known_traits()):
        return pattern
    raise ValueError(f"{pattern} fits no trait; docs/traits.md lists them, with their names")


def _prefix(prefix: str) -> str:
    if prefix.startswith(OWN):
        raise ValueError(f"{OWN} is the prefix of your own traits; choose another one")
    return prefix


def _guard(name: str) -> str:
    if name in GUARDS:
        return name
    raise ValueError(f"{name} is no guard; there are {', '.join(GUARDS)}")


Trait = Annotated[str, AfterValidator(_trait)]
Pattern = Annotated[Name, AfterValidator(_pattern)]
GuardName = Annotated[str, AfterValidator(_guard)]
GuardLimit = Annotated[str, AfterValidator(limit)]


class StoreDefinition(BaseModel):
    """Nothing said: every account and every trait, under its own name."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    traits: tuple[Pattern, ...] = ("*",)
    leave_out_traits: tuple[Pattern, ...] = ()
    rename: dict[Trait, Name] = Field(default_factory=dict)
    prefix: Annotated[Name, AfterValidator(_prefix)] = NAMESPACE
    money: Literal["decimal", "minor"] = "decimal"
    segment: Name | None = None
    leave_out_accounts: tuple[Name, ...] = ()
    requests_per_minute: Annotated[float, Field(gt=0, le=100_000)] | None = None
    accounts_per_request: Annotated[int, Field(ge=1, le=100)] = 1
    guards: dict[GuardName, GuardLimit] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_trait_a_name(self) -> "StoreDefinition":
        taken: dict[str, str] = {}
        for trait in sorted({*known_traits(), *self.rename}):
            name = self._mapping.name(trait)
            if name is not None and taken.setdefault(name, trait) != trait:
                raise ValueError(
                    f"{taken[name]} and {trait} would both be called {name}: rename one"
                )
        return self

    @model_validator(mode="after")
    def _some_trait(self) -> "StoreDefinition":
        is_open = any(pattern.startswith(OPEN) for pattern in self.traits)
        if is_open or any(self._mapping.name(trait) for trait in known_traits()):
            return self
        raise ValueError("no trait is left for it: see its traits and leave_out_traits")

    @property
    def rules(self) -> StoreRules:
        """For the reverse-sync; a mapping that changes nothing is none."""
        mapping = self._mapping
        as_it_is = mapping.digest == TraitMapping().digest
        return StoreRules(
            mapping=None if as_it_is else mapping,
            audience=Audience(self.segment, self.leave_out_accounts),
        )

    @property
    def _mapping(self) -> TraitMapping:
        minor: dict[str, Any] = {"amounts": money_traits(), "decimals": decimals()}
        return TraitMapping(
            traits=self.traits,
            leave_out=self.leave_out_traits,
            rename=self.rename,
            prefix=self.prefix,
            money=self.money,
            **(minor if self.money == "minor" else {}),
        )
