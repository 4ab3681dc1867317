-- Grain: cohort month, month (all; in a refresh that of its `as_of`), currency: the accounts that
-- began to pay in the cohort's month, and their MRR at the month's end, in the reporting currency
-- where one is set.
{{ config(materialized='view') }}
with

mrr_by_month as (

    select * from {{ ref('mrr_by_month') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

reported_months as (

    select
        mrr_by_month.cohort_month,
        mrr_by_month.month,
        mrr_by_month.account_id,
        mrr_by_month.mrr > 0 as has_mrr,
        mrr_by_month.is_estimated,
        mrr_by_month.reporting_currency,
        coalesce(mrr_by_month.reporting_currency, mrr_by_month.currency) as currency,
        case
            when mrr_by_month.reporting_currency is null then mrr_by_month.mrr
            else mrr_by_month.reporting_mrr
        end as mrr
    from mrr_by_month
    cross join run_settings
    where
        {{ in_months_to_sum('mrr_by_month.month') }}
        and mrr_by_month.month >= mrr_by_month.cohort_month

)

select
    cohort_month,
    month,
    currency,
    {{ count_of_accounts('true') }} as account_count,
    {{ count_of_accounts('has_mrr') }} as paying_account_count,
    {{ sum_of_known('mrr') }} as mrr,
    bool_or(is_estimated) as is_estimated
from reported_months
group by cohort_month, month, currency
