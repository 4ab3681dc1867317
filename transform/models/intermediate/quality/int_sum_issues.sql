-- Grain: issue, object: subscriptions and accounts whose amounts are known one by one, and together
-- are too large.
{{ config(materialized='view') }}
with

subscriptions_valued as (

    select * from {{ ref('int_subscriptions_valued') }}

)

select
    'amount_too_large' as issue,
    'subscription' as object,
    subscription_id as object_id,
    'items' as field,
    'Its items together come to more than can be counted; the amount of the subscription is null.'
        as detail,
    'subscription' as affected_object,
    subscription_id as affected_id,
    account_id,
    stripe_account_id,
    customer_id,
    subscription_id
from subscriptions_valued
where listed_amount is not null and amount is null

union all

select
    'amount_too_large' as issue,
    'account' as object,
    account_id as object_id,
    'all_mrr_normalized' as field,
    'Its subscriptions together come to more than can be counted; their MRR is null.' as detail,
    'subscription' as affected_object,
    subscription_id as affected_id,
    account_id,
    stripe_account_id,
    customer_id,
    subscription_id
from subscriptions_valued
where counted_amount is not null and net_annual_amount is null and account_id is not null
