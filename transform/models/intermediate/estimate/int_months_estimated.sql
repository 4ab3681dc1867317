-- Grain: subscription, month before the one of this build: its amount of a year at the month's end,
-- as its paid invoices say. A month whose amount is too large is left out.
{{ config(materialized='view') }}
with

item_periods as (

    select * from {{ ref('int_item_periods_estimated') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

item_months as (

    select
        item_periods.*,
        {{ months_from(
            month_of('item_periods.period_start'),
            'least(' ~ month_after(month_of('item_periods.counts_until'), -1)
            ~ ', ' ~ month_after('run_settings.current_month', -1) ~ ')'
        ) }} as month
    from item_periods
    cross join run_settings

)

select
    stripe_account_id,
    subscription_id,
    customer_id,
    account_id,
    month,
    min(currency) as currency,
    {{ amount('sum(annual_amount)') }} as annual_amount
from item_months
group by stripe_account_id, subscription_id, customer_id, account_id, month
having {{ is_within_limit('sum(annual_amount)') }}
