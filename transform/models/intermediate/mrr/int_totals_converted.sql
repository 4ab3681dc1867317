-- Grain: account, total. One currency: the sum as it is. Several: in the reporting currency, if
-- every part has a rate; else null. Rounded once, here.
{{ config(materialized='view') }}
with

totals_by_currency_summed as (

    select * from {{ ref('int_totals_by_currency_summed') }}

),

fx_rates_selected as (

    select * from {{ ref('int_fx_rates_selected') }}

),

currency_exponents as (

    select * from {{ ref('currency_exponents') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

reporting_parts as (

    select
        totals_by_currency_summed.*,
        run_settings.reporting_currency,
        coalesce(currency_exponents.exponent, 2) as reporting_exponent,
        case
            when totals_by_currency_summed.currency = run_settings.reporting_currency
                then totals_by_currency_summed.undivided_amount
            else {{ converted(
                'totals_by_currency_summed.undivided_amount', 'totals_by_currency_summed.exponent',
                'fx_rates_selected.rate', 'fx_rates_selected.to_exponent'
            ) }}
        end as reporting_amount
    from totals_by_currency_summed
    cross join run_settings
    left join currency_exponents
        on run_settings.reporting_currency = currency_exponents.currency
    left join fx_rates_selected
        on totals_by_currency_summed.currency = fx_rates_selected.from_currency

),

totals as (

    select
        account_id,
        total,
        count(*) as currency_count,
        min(currency) as only_currency,
        min(exponent) as only_exponent,
        {{ sum_of_known('amount') }} as amount,
        min(reporting_currency) as reporting_currency,
        min(reporting_exponent) as reporting_exponent,
        {{ divide_exactly(sum_of_known('reporting_amount'), 'min(divisor)') }} as reporting_amount
    from reporting_parts
    group by account_id, total

)

select
    account_id,
    total,
    case when currency_count = 1 then only_currency else reporting_currency end as currency,
    case
        when currency_count = 1 then {{ rounded_major('amount', 'only_exponent') }}
        else {{ rounded_major('reporting_amount', 'reporting_exponent') }}
    end as amount
from totals
