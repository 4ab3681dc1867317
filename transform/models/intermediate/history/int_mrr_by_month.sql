-- Grain: account to rebuild, month, currency: MRR at the month's end (now, in the month of this
-- run), from the account's first month with MRR on, 0 included; rounded once.
{{ config(materialized='view') }}
with

mrr_periods as (

    select * from {{ ref('int_mrr_periods') }}

),

currency_exponents as (

    select * from {{ ref('currency_exponents') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

subscription_months as (

    select
        mrr_periods.account_id,
        mrr_periods.currency,
        mrr_periods.annual_amount,
        mrr_periods.is_estimated,
        {{ months_from(
            month_of('mrr_periods.observed_at'),
            'case when mrr_periods.observed_until is null then run_settings.current_month else '
            ~ month_after(month_of('mrr_periods.observed_until'), -1) ~ ' end'
        ) }} as month
    from mrr_periods
    cross join run_settings

),

account_months as (

    select
        account_id,
        currency,
        month,
        {{ amount('sum(annual_amount)') }} as annual_amount,
        bool_or(is_estimated) as is_estimated
    from subscription_months
    group by account_id, currency, month

),

listed_months as (

    select
        account_months.account_id,
        account_months.currency,
        {{ months_from('min(account_months.month)', 'max(run_settings.current_month)') }} as month
    from account_months
    cross join run_settings
    where account_months.annual_amount > 0
    group by account_months.account_id, account_months.currency

)

select
    listed_months.account_id,
    listed_months.month,
    listed_months.currency,
    coalesce(
        {{ rounded_major(
            divide_exactly('account_months.annual_amount', 12),
            'coalesce(currency_exponents.exponent, 2)'
        ) }}, 0
    ) as mrr,
    coalesce(account_months.is_estimated, false) as is_estimated
from listed_months
left join account_months using (account_id, currency, month)
left join currency_exponents using (currency)
