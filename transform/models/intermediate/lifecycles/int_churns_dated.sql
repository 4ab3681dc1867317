-- Grain: one account with subscriptions. When the last of them ended, which is the day of its churn
-- once none is left. One that is unpaid or paused has not ended: when it stopped being paid for is
-- not known, and the end of an earlier one would be the wrong day.
{{ config(materialized='view') }}
with

subscriptions_invoiced as (

    select * from {{ ref('int_subscriptions_invoiced') }}

)

select
    account_id,
    case
        when not bool_or(is_live and has_begun and not is_trialing and not counts_for_mrr)
            then max(ended_at)
    end as ended_at
from subscriptions_invoiced
where account_id is not null
group by account_id
