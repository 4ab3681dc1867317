"""The SQL of each kind of rule: which occasions there are at `as_of`.

Enters: the built marts, `alert_amounts` and `alert_days` as the last judgement left them,
`accounts_changed`, `totals_now`, segments. Leaves: rows `account_id, occasion, happened_at,
currency, amount, amount_before`. An occasion that stands in `alerts` already is left out by who
inserts them.
"""

from typing import Any

from orchestration.alert_rules.definition import Rule

# What it paid last counts: an unpaid subscription may end weeks after its last payment.
CHURNED = """
select
    account_id,
    concat_ws(' ', coalesce(churned_at, $as_of)::varchar, before.currency) as occasion,
    coalesce(churned_at, $as_of) as happened_at,
    before.currency, before.last_paid as amount, null as amount_before
from accounts_changed
inner join alerts.alert_amounts as before using (account_id)
inner join marts.accounts using (account_id)
where accounts.lifecycle_status = 'churned' and before.last_paid > $over
    and ($currency is null or before.currency = $currency)
"""
# Beside the last judgement of the last day before this one that had any.
FELL = """
with day_before as (
    from alerts.alert_days
    where day = (select max(day) from alerts.alert_days where day < $as_of::date)
)
select
    null as account_id,
    $as_of::date::varchar || ' ' || currency as occasion,
    $as_of as happened_at,
    currency, coalesce(totals_now.mrr, 0) as amount, day_before.mrr as amount_before
from day_before
left join totals_now using (currency)
where day_before.mrr > 0
    and coalesce(totals_now.mrr, 0) <= day_before.mrr * (100 - $percent::decimal(18, 6)) / 100
    and ($currency is null or currency = $currency)
"""
# "Tomorrow" lasts until the end of that day.
TRIAL = """
select
    account_id,
    happens_at::varchar || ' ' || currency as occasion,
    happens_at as happened_at,
    currency, mrr as amount, null as amount_before
from marts.revenue_at_risk
where reason = 'trial_without_card' and mrr > $over
    and happens_at >= $as_of and happens_at < $as_of::date + to_days($days::integer + 1)
    and ($currency is null or currency = $currency)
"""
MOVED = """
select
    account_id,
    {moment}::varchar as occasion,
    {moment} as happened_at,
    null as currency, null as amount, null as amount_before
from segments.segment_members as stays
where segment = $segment and {moment} in (
    select moved_at from segments.segment_moves
    where segment = $segment and number > $last_move
)
"""
ASKED = {
    "account_churned": (CHURNED, ("as_of", "over", "currency")),
    "mrr_fell": (FELL, ("as_of", "percent", "currency")),
    "trial_without_card": (TRIAL, ("as_of", "over", "currency", "days")),
    "segment_entered": (MOVED.format(moment="stays.entered_at"), ("segment", "last_move")),
    "segment_left": (MOVED.format(moment="stays.left_at"), ("segment", "last_move")),
}
OF_SEGMENTS = ("segment_entered", "segment_left")


def question(rule: Rule, **given: Any) -> tuple[str, dict[str, Any]]:
    """The SQL and its parameters; `given` are `as_of` and `last_move`, the number of the last move
    of segments that was looked at."""
    sql, names = ASKED[rule.when]
    return sql, {name: given.get(name, getattr(rule, name, None)) for name in names}
