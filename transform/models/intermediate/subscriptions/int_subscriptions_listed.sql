-- Grain: one account with subscriptions: all of them as arrays, by created and id, their counts,
-- when the last one ended (null while one lives) and when the first trial ends.
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
    cast(sum(case when is_paying then 1 else 0 end) as bigint) as subscription_paying_count,
    cast(sum(case when is_trialing then 1 else 0 end) as bigint) as subscription_trialing_count,
    case
        when not bool_or(is_paying or is_trialing) then max(coalesce(ended_at, canceled_at))
    end as ended_at,
    coalesce(min(case when is_trialing then trial_end end), max(trial_end)) as trial_ends_at
from subscriptions_invoiced
where account_id is not null
group by account_id
