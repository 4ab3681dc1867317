-- Grain: one subscription that was paid for after its trial: from when, until when (null: still),
-- and whether the account had none just before. Of one that has ended only the dates are known: it
-- counts as paid from its trial to its end.
{{ config(materialized='view') }}
with

subscriptions_invoiced as (

    select * from {{ ref('int_subscriptions_invoiced') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

spans as (

    select
        subscriptions_invoiced.account_id,
        subscriptions_invoiced.stripe_account_id,
        subscriptions_invoiced.subscription_id,
        coalesce(subscriptions_invoiced.trial_end, subscriptions_invoiced.created) as paid_from,
        case
            when not subscriptions_invoiced.is_live then subscriptions_invoiced.ended_at
            else cast('9999-12-31' as timestamp)
        end as paid_until
    from subscriptions_invoiced
    cross join run_settings
    where
        subscriptions_invoiced.account_id is not null
        and subscriptions_invoiced.has_begun
        and case
            when not subscriptions_invoiced.is_live then true
            when run_settings.multiple_subscriptions then subscriptions_invoiced.is_paying
            else subscriptions_invoiced.current_subscription_status = 'active'
        end

)

select
    account_id,
    stripe_account_id,
    subscription_id,
    paid_from,
    nullif(paid_until, cast('9999-12-31' as timestamp)) as paid_until,
    coalesce(
        paid_from > max(paid_until) over (
            partition by account_id
            order by paid_from, subscription_id, stripe_account_id
            rows between unbounded preceding and 1 preceding
        ), true
    ) as is_beginning
from spans
where paid_until > paid_from
