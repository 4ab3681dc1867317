-- Grain: one account with MRR: the sum in the reporting currency, each currency rounded and
-- converted as in its months; null where a part or a rate is not known, or none is set.
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

parts as (

    select
        totals_by_currency_summed.account_id,
        {{ rounded_major(
            'totals_by_currency_summed.amount', 'totals_by_currency_summed.exponent'
        ) }} as mrr,
        case
            when totals_by_currency_summed.currency = run_settings.reporting_currency
                then cast(1 as decimal(18, 10))
            else fx_rates_selected.rate
        end as rate,
        coalesce(currency_exponents.exponent, 2) as reporting_exponent
    from totals_by_currency_summed
    cross join run_settings
    left join currency_exponents
        on run_settings.reporting_currency = currency_exponents.currency
    left join fx_rates_selected
        on totals_by_currency_summed.currency = fx_rates_selected.from_currency
    where totals_by_currency_summed.total = 'all_mrr_normalized'

),

reported_parts as (

    select
        account_id,
        {{ rounded_to('mrr * rate', 'reporting_exponent') }} as reporting_mrr
    from parts

)

select
    account_id,
    cast({{ sum_of_known('reporting_mrr') }} as decimal(18, 3)) as reporting_mrr
from reported_parts
group by account_id
