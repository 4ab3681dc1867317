-- Grain: month, currency (the reporting currency where one is set): rates of the company, ours and,
-- where they differ, what ChartMogul and Stripe call by the same name. What they are made of stands
-- in `mrr_movements_by_month`, with retention, account churn and ARPA.
{{ config(replaces='this_month') }}
with

company_months as (

    select * from {{ ref('mrr_movements_by_month') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

)

select
    company_months.month,
    company_months.currency,
    {{ ratio('new_mrr + expansion_mrr + reactivation_mrr', '- (contraction_mrr + churn_mrr)') }}
        as quick_ratio,
    cast(1 - company_months.gross_revenue_retention as decimal(18, 6)) as gross_mrr_churn_rate,
    cast(1 - company_months.net_revenue_retention as decimal(18, 6)) as net_mrr_churn_rate,
    cast(1 - {{ ratio(
        'opening_mrr + expansion_mrr + contraction_mrr + churn_mrr + reactivation_mrr',
        'opening_mrr'
    ) }} as decimal(18, 6)) as chartmogul_net_mrr_churn_rate,
    {{ ratio('churn_accounts', '(opening_accounts + new_accounts)') }}
        as stripe_subscriber_churn_rate,
    try_cast({{ ratio('new_mrr', 'new_accounts') }} as decimal(18, 3)) as average_sale_price,
    company_months.is_estimated
from company_months
cross join run_settings
where run_settings.is_full or company_months.month = run_settings.current_month
order by company_months.month, company_months.currency
