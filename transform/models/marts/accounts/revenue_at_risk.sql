-- Grain: account, reason, currency: MRR that may be lost, why, and when. An account at risk for two
-- reasons has two rows: they are not to be added.
with

subscriptions_at_risk as (

    select * from {{ ref('int_subscriptions_at_risk') }}

)

select
    account_id,
    reason,
    currency,
    {{ rounded_major(
        divide_exactly(sum_of_known('annual_amount'), 12), 'min(exponent)'
    ) }} as mrr,
    min(happens_at) as happens_at,
    {{ array_in_order('evidence', 'created, subscription_id, stripe_account_id') }} as evidence,
    {{ array_in_order('subscription_id', 'created, subscription_id, stripe_account_id') }}
        as subscription_ids
from subscriptions_at_risk
group by account_id, reason, currency
