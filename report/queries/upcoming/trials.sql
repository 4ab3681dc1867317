-- Trials that end within the next days, the first one first.
select
    subscriptions.trial_end,
    subscriptions.account_id,
    accounts.name,
    accounts.email,
    subscriptions.plan_names,
    subscriptions.currency,
    subscriptions.subscription_amount,
    subscriptions.subscription_interval,
    accounts.card_expiration,
    subscriptions.cancel_at_period_end,
    subscriptions.subscription_id
from subscriptions
left join accounts on subscriptions.account_id = accounts.account_id
where
    subscriptions.is_trialing
    and subscriptions.trial_end >= $as_of
    and subscriptions.trial_end < $as_of + to_days($days)
order by subscriptions.trial_end, subscriptions.subscription_id
