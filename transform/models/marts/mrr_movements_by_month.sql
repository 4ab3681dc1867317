-- Grain: month, currency (the reporting currency where one is set): the company's MRR from opening
-- to closing, and what is told from it. A month that is over does not change any more.
{{ config(replaces='this_month') }}
{% set movements = ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
with

company_months as (

    select * from {{ ref('int_company_months_summed') }}

),

company_movements as (

    select * from {{ ref('int_company_movements_summed') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

former_months as (

    {{ kept_rows({
        'month': 'date', 'currency': text_type(), 'closing_mrr': 'decimal(38, 12)',
        'closing_accounts': 'bigint'
    }) }}

),

-- A refresh sums up its own month alone: it opens with what the month before closed with.
openings as (

    select
        {{ month_after('month') }} as month,
        currency,
        mrr,
        account_count
    from company_months

    union all

    select
        {{ month_after('month') }} as month,
        currency,
        closing_mrr as mrr,
        closing_accounts as account_count
    from former_months

),

months as (

    select
        closings.month,
        closings.currency,
        case when openings.month is null then 0 else openings.mrr end as opening_mrr,
        {% for movement in movements + ['fx'] %}
        case
            when company_movements.month is null then 0 else company_movements.{{ movement }}_mrr
        end as {{ movement }}_mrr,
        {% endfor %}
        closings.mrr as closing_mrr,
        coalesce(openings.account_count, 0) as opening_accounts,
        {% for movement in movements %}
        coalesce(company_movements.{{ movement }}_accounts, 0) as {{ movement }}_accounts,
        {% endfor %}
        closings.account_count as closing_accounts,
        closings.is_estimated
    from company_months as closings
    cross join run_settings
    left join openings using (month, currency)
    left join company_movements using (month, currency)
    where run_settings.is_full or closings.month = run_settings.current_month

)

select
    month,
    currency,
    {% for column in ['opening'] + movements + ['fx'] %}
    cast({{ column }}_mrr as decimal(38, 3)) as {{ column }}_mrr,
    {% endfor %}
    cast(closing_mrr as decimal(38, 3)) as closing_mrr,
    {% for column in ['opening'] + movements + ['closing'] %}
    cast({{ column }}_accounts as bigint) as {{ column }}_accounts,
    {% endfor %}
    {{ ratio('opening_mrr + expansion_mrr + contraction_mrr + churn_mrr', 'opening_mrr') }}
        as net_revenue_retention,
    {{ ratio('opening_mrr + contraction_mrr + churn_mrr', 'opening_mrr') }}
        as gross_revenue_retention,
    {{ ratio('- churn_mrr', 'opening_mrr') }} as mrr_churn_rate,
    {{ ratio('churn_accounts', 'opening_accounts') }} as account_churn_rate,
    try_cast({{ ratio('closing_mrr', 'closing_accounts') }} as decimal(18, 3)) as arpa,
    is_estimated
from months
order by month, currency
