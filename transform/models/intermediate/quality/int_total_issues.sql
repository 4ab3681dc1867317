-- Grain: issue, account: totals that cannot be given in one currency. One that is null for another
-- reason (an unread price, say) is told about there. The cause is a setting, or a rate.
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

crossing_accounts as (

    select
        account_id,
        min(reporting_currency) as reporting_currency,
        min(currency_without_rate) as currency_without_rate
    from (
        select
            account_id,
            min(reporting_currency) as reporting_currency,
            min(currency_without_rate) as currency_without_rate
        from known_parts
        group by account_id, total
        having min(currency) <> max(currency) and min(currency_without_rate) is not null
    ) as crossing_totals
    group by account_id

)

select
    'no_total_across_currencies' as issue,
    case when reporting_currency is null then 'setting' else 'fx_rate' end as object,
    case
        when reporting_currency is null then 'REPORTING_CURRENCY'
        else currency_without_rate || ' to ' || reporting_currency
    end as object_id,
    case when reporting_currency is null then 'REPORTING_CURRENCY' else 'rate' end as field,
    case
        when reporting_currency is null then 'No reporting currency is set'
        else
            'No rate from ' || currency_without_rate || ' to ' || reporting_currency
            || ' is dated up to as_of'
    end || '; totals over several currencies are null, their parts are in mrr_by_currency.'
        as detail,
    'account' as affected_object,
    account_id as affected_id,
    account_id,
    cast(null as {{ text_type() }}) as stripe_account_id,
    cast(null as {{ text_type() }}) as customer_id,
    cast(null as {{ text_type() }}) as subscription_id
from crossing_accounts
