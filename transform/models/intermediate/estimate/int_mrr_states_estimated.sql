-- Grain: subscription, month in which its estimated amount of a year changed. After the last month
-- in which it was charged it is 0.
{{ config(materialized='view') }}
with

months_estimated as (

    select * from {{ ref('int_months_estimated') }}

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
    where
        coalesce(neighbours.next_month > {{ month_after('neighbours.month') }}, true)
        and {{ month_after('neighbours.month') }} < run_settings.current_month

)

select
    stripe_account_id,
    subscription_id,
    customer_id,
    account_id,
    currency,
    annual_amount,
    cast(month as timestamp) as observed_at,
    true as is_estimated
from (
    select * from changes
    union all
    select * from ends
) as all_changes
