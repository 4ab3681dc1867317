-- Grain: issue, account. Totals that cannot be given in one currency.
with

totals_converted as (

    select * from {{ ref('int_totals_converted') }}

),

totals_by_currency_summed as (

    select * from {{ ref('int_totals_by_currency_summed') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

crossing_accounts as (

    select
        account_id,
        min(currency) as first_currency,
        max(currency) as last_currency
    from totals_by_currency_summed
    where amount is not null
    group by account_id
    having min(currency) <> max(currency)

),

unknown_totals as (

    select
        account_id,
        min(total) as total
    from totals_converted
    where amount is null
    group by account_id

)

select
    'no_total_across_currencies' as issue,
    'account' as object,
    crossing_accounts.account_id as object_id,
    crossing_accounts.account_id,
    cast(null as {{ text_type() }}) as subscription_id,
    unknown_totals.total as field,
    'Subscriptions in ' || crossing_accounts.first_currency || ' and '
    || crossing_accounts.last_currency || ' and no rates to '
    || coalesce(run_settings.reporting_currency, 'any reporting currency')
    || '; totals are null, the parts are in mrr_by_currency.' as detail
from crossing_accounts
inner join unknown_totals on crossing_accounts.account_id = unknown_totals.account_id
cross join run_settings
