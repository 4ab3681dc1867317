-- Paid subscriptions that renew within the next days, the first one first.
select
    subscriptions.current_period_end,
    subscriptions.account_id,
    accounts.name,
    subscriptions.plan_names,
    subscriptions.currency,
    subscriptions.subscription_amount,
    subscriptions.mrr_normalized as mrr,
    subscriptions.subscription_interval,
    subscriptions.status,
    accounts.card_expiration,
    subscriptions.subscription_id
from subscriptions
left join accounts on subscriptions.account_id = accounts.account_id
where
    subscriptions.is_paying
    and not coalesce(subscriptions.cancel_at_period_end, false)
    and subscriptions.current_period_end >= $as_of
    and subscriptions.current_period_end < $as_of + to_days($days)
order by subscriptions.current_period_end, subscriptions.subscription_id
