-- Grain: one currency that converts into the reporting currency: the newest rate up to as_of.
with

fx_rates as (

    select * from {{ ref('fx_rates') }}

),

currency_exponents as (

    select * from {{ ref('currency_exponents') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

ranked_rates as (

    select
        lower(fx_rates.from_currency) as from_currency,
        lower(fx_rates.to_currency) as to_currency,
        fx_rates.rate,
        row_number() over (
            partition by lower(fx_rates.from_currency) order by fx_rates.date desc
        ) as rank_by_date
    from fx_rates
    inner join run_settings
        on
            lower(fx_rates.to_currency) = run_settings.reporting_currency
            and fx_rates.date <= cast(run_settings.as_of as date)

)

select
    ranked_rates.from_currency,
    ranked_rates.to_currency,
    ranked_rates.rate,
    coalesce(currency_exponents.exponent, 2) as to_exponent
from ranked_rates
left join currency_exponents on ranked_rates.to_currency = currency_exponents.currency
where ranked_rates.rank_by_date = 1
