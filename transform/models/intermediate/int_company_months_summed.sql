-- Grain: month (all; in a refresh that of its `as_of` and the one before), currency: MRR of all
-- accounts at the month's end, in the reporting currency where one is set.
{{ config(materialized='view') }}
with

mrr_by_month as (

    select * from {{ ref('mrr_by_month') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

account_months as (

    select
        mrr_by_month.account_id,
        mrr_by_month.month,
        coalesce(mrr_by_month.reporting_currency, mrr_by_month.currency) as currency,
        bool_or(mrr_by_month.mrr > 0) as has_mrr,
        bool_or(mrr_by_month.is_estimated) as is_estimated,
        {{ sum_of_known(
            'case when mrr_by_month.reporting_currency is null then mrr_by_month.mrr'
            ~ ' else mrr_by_month.reporting_mrr end'
        ) }} as mrr
    from mrr_by_month
    cross join run_settings
    where
        run_settings.is_full
        or mrr_by_month.month >= {{ month_after('run_settings.current_month', -1) }}
    group by
        mrr_by_month.account_id,
        mrr_by_month.month,
        coalesce(mrr_by_month.reporting_currency, mrr_by_month.currency)

)

select
    month,
    currency,
    {{ sum_of_known('mrr') }} as mrr,
    sum(case when has_mrr then 1 else 0 end) as account_count,
    bool_or(is_estimated) as is_estimated
from account_months
group by month, currency
