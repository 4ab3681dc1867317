"""A business that buys, changes, pauses and leaves through Stripe's API, at random from a seed.

Enters: a sandbox and a seed. Leaves: at each month's end the caller's turn; then which months of
which accounts their invoices do not tell, with the reason. The sandbox bills it as Stripe does.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe
from examples_objects import moment
from local_stripe import LocalStripe

from sandbox import clock
from sandbox.billing import transitions
from sandbox.server import TEST_KEY

# What paid invoices do not tell, so that an estimate may differ. The first two are done, and the
# months excused; the others are left out of the histories.
NO_PRORATION = "a change without proration shows in no invoice before the next renewal"
NOT_INVOICED = "a proration that waits for the renewal of a year stands in no paid invoice yet"
LEFT_OUT = (
    "a proration still waits when its subscription ends or is not collected: nobody bills it",
    "an amount off is shared anew among items with the next invoice, not when one is added",
    "a proration is net of a repeating discount without naming it, and a year has no full charge",
)
PLANS = {"month": (5000, 8000, 12000), "year": (60000, 96000), "week": (1300, 2600)}
ADD_ONS = {"month": 1000, "year": 12000, "week": 200}
COUPONS: dict[str, dict[str, Any]] = {
    "forever": {"percent_off": 25, "duration": "forever"},
    "repeating": {"percent_off": 20, "duration": "repeating", "duration_in_months": 3},
    "once": {"percent_off": 50, "duration": "once"},
    "amount": {"amount_off": 1000, "currency": "usd", "duration": "forever"},
}


@dataclass
class Account:
    """One customer and how it is subscribed; the subscription is asked for anew before a change."""

    customer: str
    interval: str = "month"
    subscription: str = ""
    add_on: str = ""
    state: str = "new"
    coupon: str | None = None
    waits_until: datetime | None = None  # for the invoice that bills a change


@dataclass
class Business:
    """`live` yields at each month's end; `untold` says from which month to which, and why."""

    stripe: LocalStripe
    dice: random.Random
    accounts: list[Account] = field(default_factory=list)
    untold: dict[tuple[str, datetime], str] = field(default_factory=dict)
    today: datetime = field(default_factory=lambda: moment("2025-05-01"))

    def __post_init__(self) -> None:
        addresses: Any = {"api": self.stripe.url}
        client = stripe.StripeClient(TEST_KEY, base_addresses=addresses, max_network_retries=0)
        self.v1: Any = client.v1
        self.product = self.v1.products.create({"name": "Workspace"}).id
        self.prices = {
            (interval, amount): self._price(interval, amount)
            for interval, amounts in PLANS.items()
            for amount in (*amounts, ADD_ONS[interval])
        }
        for name, terms in COUPONS.items():
            self.v1.coupons.create({"id": name, **terms})

    def _price(self, interval: str, amount: int) -> str:
        sold = {"currency": "usd", "unit_amount": amount, "recurring": {"interval": interval}}
        return str(self.v1.prices.create({"product": self.product, **sold}).id)

    def live(self, months: list[datetime], customers: int) -> Iterator[datetime]:
        """Every account does something each month, at a noon of its own; then the month ends."""
        self.accounts = [Account(self._customer()) for _ in range(customers)]
        for month in months:
            turns = [(self.dice.randint(2, 26), account) for account in self.accounts]
            for day, account in sorted(turns, key=lambda turn: turn[0]):
                self.until(month + timedelta(days=day - 1, hours=12))
                self._act(account)
            end = (month + timedelta(days=32)).replace(day=1) - timedelta(hours=1)
            self.until(end)
            yield end

    def _customer(self) -> str:
        made = self.v1.customers.create({"payment_method": "pm_card_visa"})
        self.v1.customers.update(made.id, {"metadata": {"account_id": made.id}})
        return str(made.id)

    def until(self, moment: datetime) -> None:
        self.today = moment
        at = int(moment.replace(tzinfo=UTC).timestamp())
        if at > clock.now(self.stripe.store):
            transitions.advance(self.stripe.store, at)

    def _act(self, account: Account) -> None:
        open_to = DEEDS[account.state]
        self.dice.choice(open_to)(self, account)

    def items(self, account: Account) -> tuple[Any, Any]:
        """The plan's item and the add-on's, if there is one."""
        held = self.v1.subscriptions.retrieve(account.subscription)["items"].data
        [plan] = [one for one in held if one.id != account.add_on]
        return plan, next((one for one in held if one.id == account.add_on), None)

    def change(self, account: Account, items: list[Any], behavior: str = "") -> Any:
        """Billed with the next invoice or at once; of a year always at once."""
        chosen = self.dice.choice(("always_invoice", "create_prorations"))
        chosen = behavior or ("always_invoice" if account.interval == "year" else chosen)
        if chosen == "create_prorations":
            account.waits_until = self.today + timedelta(days=32)
        asked = {"items": items, "proration_behavior": chosen}
        return self.v1.subscriptions.update(account.subscription, asked)

    def waits(self, account: Account) -> bool:
        """See LEFT_OUT."""
        return account.waits_until is not None and account.waits_until > self.today

    def plan(self, account: Account, *, but: str = "") -> str:
        sold = [self.prices[account.interval, amount] for amount in PLANS[account.interval]]
        return self.dice.choice([one for one in sold if one != but])


def nothing(_business: Business, _account: Account) -> None:
    """It goes on as before."""


def start(business: Business, account: Account) -> None:
    account.interval = business.dice.choice(("month", "month", "month", "year", "week"))
    coupons = [None, None, *COUPONS]
    if account.interval != "month":  # see LEFT_OUT
        coupons.remove("repeating")
    account.coupon = business.dice.choice(coupons)
    bought = {"price": business.plan(account), "quantity": business.dice.randint(1, 4)}
    asked: dict[str, Any] = {"customer": account.customer, "items": [bought]}
    if account.coupon:
        asked["discounts"] = [{"coupon": account.coupon}]
    elif business.dice.random() < 0.2:
        asked["trial_period_days"] = 14
    account.subscription = business.v1.subscriptions.create(asked).id
    account.add_on, account.state = "", "subscribed"


def move(business: Business, account: Account) -> None:
    plan, _ = business.items(account)
    sold = business.plan(account, but=plan.price.id)
    business.change(account, [{"id": plan.id, "price": sold}])


def replace(business: Business, account: Account) -> None:
    plan, _ = business.items(account)
    sold = business.plan(account, but=plan.price.id)
    business.change(account, [{"id": plan.id, "deleted": True}, {"price": sold}])


def count(business: Business, account: Account) -> None:
    plan, _ = business.items(account)
    chosen = business.dice.choice([n for n in (1, 2, 3, 4, 7) if n != plan.quantity])
    business.change(account, [{"id": plan.id, "quantity": chosen}])


def count_quietly(business: Business, account: Account) -> None:
    if account.interval != "month":
        return
    plan, _ = business.items(account)
    business.change(account, [{"id": plan.id, "quantity": plan.quantity + 1}], "none")
    business.untold[account.customer, business.today.replace(day=1, hour=0)] = NO_PRORATION


def count_later(business: Business, account: Account) -> None:
    if account.interval != "year":
        return
    plan, _ = business.items(account)
    waits = [{"id": plan.id, "quantity": plan.quantity + 1}]
    business.change(account, waits, "create_prorations")
    for later in range(12):
        month = business.today.replace(day=1, hour=0) + timedelta(days=31 * later)
        business.untold[account.customer, month.replace(day=1)] = NOT_INVOICED
    account.state = "waits"


def switch_interval(business: Business, account: Account) -> None:
    plan, extra = business.items(account)
    if extra or account.coupon == "repeating":
        return
    account.interval = "year" if account.interval == "month" else "month"
    business.change(account, [{"id": plan.id, "price": business.plan(account)}])


def add(business: Business, account: Account) -> None:
    plan, extra = business.items(account)
    if extra or account.coupon == "amount":  # see LEFT_OUT
        return
    sold = business.prices[account.interval, ADD_ONS[account.interval]]
    changed = business.change(account, [{"price": sold}])
    [account.add_on] = [one.id for one in changed["items"].data if one.id != plan.id]


def remove(business: Business, account: Account) -> None:
    _, extra = business.items(account)
    if extra:
        business.change(account, [{"id": extra.id, "deleted": True}])
        account.add_on = ""


def stop_collecting(business: Business, account: Account) -> None:
    if business.waits(account):
        return
    asked = {"pause_collection": {"behavior": "void"}}
    business.v1.subscriptions.update(account.subscription, asked)
    account.state = "not collected"


def collect(business: Business, account: Account) -> None:
    business.v1.subscriptions.update(account.subscription, {"pause_collection": ""})
    account.state = "subscribed"


def pause(business: Business, account: Account) -> None:
    asked = {"type": "subscription", "invoicing_behavior": "invoice"}
    business.v1.subscriptions.pause(account.subscription, asked)
    account.state = "paused"


def resume(business: Business, account: Account) -> None:
    business.v1.subscriptions.resume(account.subscription, {})
    account.state = "subscribed"


def leave(business: Business, account: Account) -> None:
    if business.waits(account):
        return
    prorated = business.dice.choice(({}, {"prorate": True, "invoice_now": True}))
    business.v1.subscriptions.cancel(account.subscription, prorated)
    account.state = "gone"


def let_run_out(business: Business, account: Account) -> None:
    if account.interval == "month" and not business.waits(account):
        business.v1.subscriptions.update(account.subscription, {"cancel_at_period_end": True})
        account.state = "leaving"


def gone(_business: Business, account: Account) -> None:
    account.state = "gone"


Deed = Callable[[Business, Account], None]
CHANGES: tuple[Deed, ...] = (move, replace, count, add, add, remove, remove, switch_interval)
DEEDS: dict[str, tuple[Deed, ...]] = {
    "new": (start, start, nothing),
    "subscribed": (
        *CHANGES,
        *CHANGES,
        nothing,
        nothing,
        count_quietly,
        count_later,
        stop_collecting,
        pause,
        leave,
        let_run_out,
    ),
    "not collected": (nothing, collect),
    "paused": (nothing, resume),
    "leaving": (gone,),
    "waits": (nothing,),
    "gone": (nothing, start),
}
