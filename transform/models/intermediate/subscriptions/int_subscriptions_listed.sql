-- Grain: one account with subscriptions: all of them as arrays, by created and id, their counts and
-- dates. One that is unpaid or paused has not ended: when it stopped being paid for is not known,
-- and the end of an earlier one would be the wrong day.
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
    min(case when is_trialing then coalesce(trial_start, created) end) as trial_since,
    coalesce(min(case when is_trialing then trial_end end), max(trial_end)) as trial_ends_at,
    case
        when not bool_or(is_live and has_begun and not is_trialing and not counts_for_mrr)
            then max(ended_at)
    end as ended_at
from subscriptions_invoiced
where account_id is not null
group by account_id
