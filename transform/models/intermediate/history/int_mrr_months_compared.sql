-- Grain: account to rebuild, month, currency: MRR beside that of the month before, both in the
-- reporting currency, too, at each month's own rate (null without one), and what the change of the
-- rate alone did.
with

mrr_by_month as (

    select * from {{ ref('int_mrr_by_month') }}

),

fx_rates_by_month as (

    select * from {{ ref('int_fx_rates_by_month') }}

),

currency_exponents as (

    select * from {{ ref('currency_exponents') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

rated_months as (

    select
        mrr_by_month.*,
        run_settings.reporting_currency,
        coalesce(currency_exponents.exponent, 2) as reporting_exponent,
        case
            when
                mrr_by_month.currency = run_settings.reporting_currency
                then cast(1 as decimal(18, 10))
            else fx_rates_by_month.rate
        end as rate
    from mrr_by_month
    cross join run_settings
    left join fx_rates_by_month using (currency, month)
    left join currency_exponents
        on run_settings.reporting_currency = currency_exponents.currency

),

reported_months as (

    select
        rated_months.*,
        {{ rounded_to('mrr * rate', 'reporting_exponent') }} as reporting_mrr
    from rated_months

),

-- One order of an account's rows tells all: a month stands behind the one before it.
neighbours as (

    select
        reported_months.*,
        lag(currency) over account_months as previous_currency,
        lag(mrr) over account_months as previous_mrr,
        lag(reporting_mrr) over account_months as previous_reporting_mrr,
        min(case when mrr > 0 then month end) over (partition by account_id) as cohort_month
    from reported_months
    window account_months as (partition by account_id order by currency, month)

),

opened_months as (

    select
        neighbours.*,
        case when previous_currency = currency then previous_mrr else 0 end as opening,
        case when previous_currency = currency then previous_reporting_mrr end as reporting_before
    from neighbours

)

select
    account_id,
    month,
    currency,
    mrr,
    is_estimated,
    reporting_currency,
    reporting_exponent,
    rate,
    opening,
    reporting_mrr,
    {{ rounded_to('opening * rate', 'reporting_exponent') }} as reporting_opening_at_this_rate,
    coalesce(reporting_before, case when opening = 0 then 0 end) as reporting_opening,
    cohort_month
from opened_months
