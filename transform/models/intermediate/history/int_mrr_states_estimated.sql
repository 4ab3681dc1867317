-- Grain: subscription, month in which its estimated amount of a year changed. After its last paid
-- period it is 0, unless the subscription still counts today: not yet renewed is not churned.
{{ config(materialized='view') }}
with

months_estimated as (

    select * from {{ ref('int_months_estimated') }}

),

subscriptions_valued as (

    select * from {{ ref('int_subscriptions_valued') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

neighbours as (

    select
        months_estimated.*,
        lag(month) over (
            partition by stripe_account_id, subscription_id order by month
        ) as previous_month,
        lag(annual_amount) over (
            partition by stripe_account_id, subscription_id order by month
        ) as previous_amount,
        lead(month) over (
            partition by stripe_account_id, subscription_id order by month
        ) as next_month
    from months_estimated

),

changes as (

    select
        stripe_account_id,
        subscription_id,
        customer_id,
        account_id,
        currency,
        month,
        annual_amount
    from neighbours
    where
        previous_month is null
        or previous_month < {{ month_after('month', -1) }}
        or previous_amount <> annual_amount

),

ends as (

    select
        neighbours.stripe_account_id,
        neighbours.subscription_id,
        neighbours.customer_id,
        neighbours.account_id,
        neighbours.currency,
        {{ month_after('neighbours.month') }} as month,
        {{ amount('0') }} as annual_amount
    from neighbours
    cross join run_settings
    left join subscriptions_valued using (stripe_account_id, subscription_id)
    where
        coalesce(
            neighbours.next_month > {{ month_after('neighbours.month') }},
            not coalesce(subscriptions_valued.has_mrr, false)
        )
        and {{ month_after('neighbours.month') }} < run_settings.current_month

)

select
    changes.stripe_account_id,
    changes.subscription_id,
    changes.customer_id,
    changes.account_id,
    changes.currency,
    changes.annual_amount,
    cast(changes.month as timestamp) as observed_at,
    true as is_estimated
from (
    select * from changes
    union all
    select * from ends
) as changes
