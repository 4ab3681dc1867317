-- Grain: account, month, currency. In a month that is over it does not change any more; so a
-- refresh puts in the month of its `as_of` alone.
{{ config(replaces='accounts_this_month') }}
with

mrr_months_compared as (

    select * from {{ ref('int_mrr_months_compared') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

)

select
    mrr_months_compared.account_id,
    mrr_months_compared.month,
    mrr_months_compared.currency,
    mrr_months_compared.mrr,
    mrr_months_compared.reporting_currency,
    mrr_months_compared.reporting_mrr,
    mrr_months_compared.is_estimated,
    mrr_months_compared.cohort_month
from mrr_months_compared
cross join run_settings
where run_settings.is_full or mrr_months_compared.month = run_settings.current_month
order by mrr_months_compared.month, mrr_months_compared.account_id
