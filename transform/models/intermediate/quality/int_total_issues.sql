-- Grain: issue, account, field: a total that cannot be given in one currency. One that is null for
-- another reason (an unread price, say) is asked about there.
{{ config(materialized='view') }}
with

totals_by_currency_summed as (

    select * from {{ ref('int_totals_by_currency_summed') }}

),

fx_rates_selected as (

    select * from {{ ref('int_fx_rates_selected') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

known_parts as (

    select
        totals_by_currency_summed.account_id,
        totals_by_currency_summed.total,
        totals_by_currency_summed.currency,
        run_settings.reporting_currency,
        case
            when totals_by_currency_summed.currency = run_settings.reporting_currency then null
            when fx_rates_selected.from_currency is null then totals_by_currency_summed.currency
        end as currency_without_rate
    from totals_by_currency_summed
    cross join run_settings
    left join fx_rates_selected
        on totals_by_currency_summed.currency = fx_rates_selected.from_currency
    where totals_by_currency_summed.amount is not null

),

crossing_totals as (

    select
        account_id,
        total,
        min(currency) as first_currency,
        max(currency) as last_currency,
        min(reporting_currency) as reporting_currency,
        min(currency_without_rate) as currency_without_rate
    from known_parts
    group by account_id, total
    having min(currency) <> max(currency) and min(currency_without_rate) is not null

)

select
    'no_total_across_currencies' as issue,
    'account' as object,
    account_id as object_id,
    account_id,
    cast(null as {{ text_type() }}) as stripe_account_id,
    cast(null as {{ text_type() }}) as customer_id,
    cast(null as {{ text_type() }}) as subscription_id,
    total as field,
    'Amounts in ' || first_currency || ' and ' || last_currency || ', and ' || case
        when reporting_currency is null then 'no reporting currency is set'
        else
            'no rate from ' || currency_without_rate || ' to ' || reporting_currency
            || ' is dated up to as_of'
    end || '; the total is null.' as detail
from crossing_totals
