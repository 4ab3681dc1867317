-- Grain: one account with subscriptions: all of them as arrays, by created and id, their counts and
-- trial's dates.
{{ config(materialized='view') }}
with

subscriptions_invoiced as (

    select * from {{ ref('int_subscriptions_invoiced') }}

)

select
    account_id,
    {{ array_in_order('subscription_id', 'created, subscription_id, stripe_account_id') }}
        as subscription_ids,
    {{ array_in_order('status', 'created, subscription_id, stripe_account_id') }}
        as subscription_status,
    count(*) as subscription_count,
    cast(sum(case when is_paying then 1 else 0 end) as bigint) as subscription_paying_count,
    cast(sum(case when is_trialing then 1 else 0 end) as bigint) as subscription_trialing_count,
    min(case when is_trialing then coalesce(trial_start, created) end) as trial_since,
    coalesce(min(case when is_trialing then trial_end end), max(trial_end)) as trial_ends_at
from subscriptions_invoiced
where account_id is not null
group by account_id
