-- Grain: month, currency: the newest rate into the reporting currency that is dated up to the
-- month's end, and up to as_of.
{{ config(materialized='view') }}
with

fx_rates as (

    select * from {{ ref('fx_rates') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

rates as (

    select
        lower(fx_rates.from_currency) as currency,
        fx_rates.rate,
        {{ month_of('fx_rates.date') }} as month,
        row_number() over (
            partition by lower(fx_rates.from_currency), {{ month_of('fx_rates.date') }}
            order by fx_rates.date desc
        ) as rank_in_month
    from fx_rates
    inner join run_settings
        on
            lower(fx_rates.to_currency) = run_settings.reporting_currency
            and fx_rates.date <= cast(run_settings.as_of as date)

),

periods as (

    select
        rates.currency,
        rates.rate,
        rates.month,
        lead(rates.month) over (partition by rates.currency order by rates.month) as next_month
    from rates
    where rates.rank_in_month = 1

)

select
    periods.currency,
    {{ months_from(
        'periods.month',
        'coalesce(' ~ month_after('periods.next_month', -1) ~ ', run_settings.current_month)'
    ) }} as month,
    periods.rate
from periods
cross join run_settings
