-- Grain: cohort month, month, currency: what became of the accounts that began to pay in a month. A
-- month that is over does not change any more.
{{ config(replaces='this_month') }}
with

cohort_months as (

    select * from {{ ref('int_cohort_months_summed') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

former_months as (

    {{ kept_rows({
        'cohort_month': 'date', 'month': 'date', 'currency': text_type(), 'mrr': 'decimal(38, 12)'
    }) }}

),

-- A refresh sums up its own month alone: what a cohort began with was kept by an earlier build.
beginnings as (

    select
        cohort_month,
        currency,
        mrr
    from cohort_months
    where month = cohort_month

    union all

    select
        former_months.cohort_month,
        former_months.currency,
        former_months.mrr
    from former_months
    cross join run_settings
    where
        former_months.month = former_months.cohort_month
        and former_months.month <> run_settings.current_month

)

select
    cohort_months.cohort_month,
    cohort_months.month,
    cast(
        (year(cohort_months.month) - year(cohort_months.cohort_month)) * 12
        + month(cohort_months.month) - month(cohort_months.cohort_month) as bigint
    ) as months_since_start,
    cohort_months.currency,
    cast(cohort_months.account_count as bigint) as accounts,
    cast(cohort_months.paying_account_count as bigint) as paying_accounts,
    cast(cohort_months.mrr as decimal(38, 3)) as mrr,
    {{ ratio('cohort_months.paying_account_count', 'cohort_months.account_count') }}
        as account_retention,
    {{ ratio('cohort_months.mrr', 'beginnings.mrr') }} as net_mrr_retention,
    cohort_months.is_estimated
from cohort_months
left join beginnings
    on
        cohort_months.cohort_month = beginnings.cohort_month
        and cohort_months.currency = beginnings.currency
order by cohort_months.month, cohort_months.cohort_month, cohort_months.currency
