-- Grain: account to rebuild, month, currency, movement. What happened to an account goes by all of
-- its currencies: one that moves from one to another has neither churned nor come new.
{{ config(materialized='view') }}
with

mrr_months_compared as (

    select * from {{ ref('int_mrr_months_compared') }}

),

account_months as (

    select
        account_id,
        month,
        bool_or(mrr > 0) as is_closing_with_mrr,
        bool_or(opening > 0) as is_opening_with_mrr
    from mrr_months_compared
    group by account_id, month

),

accounts_with_past as (

    select
        account_months.*,
        coalesce(bool_or(is_closing_with_mrr) over (
            partition by account_id order by month
            rows between unbounded preceding and 1 preceding
        ), false) as had_mrr_before
    from account_months

),

movements as (

    select
        mrr_months_compared.*,
        case
            when mrr_months_compared.mrr = mrr_months_compared.opening then null
            when accounts_with_past.is_opening_with_mrr
                then case
                    when not accounts_with_past.is_closing_with_mrr then 'churn'
                    when mrr_months_compared.mrr > mrr_months_compared.opening then 'expansion'
                    else 'contraction'
                end
            when accounts_with_past.had_mrr_before then 'reactivation'
            else 'new'
        end as movement
    from mrr_months_compared
    inner join accounts_with_past using (account_id, month)

)

select
    account_id,
    month,
    currency,
    movement,
    mrr - opening as amount,
    reporting_mrr - reporting_opening_at_this_rate as reporting_amount,
    is_estimated
from movements
where movement is not null

union all

select
    account_id,
    month,
    currency,
    'fx' as movement,
    cast(0 as decimal(18, 3)) as amount,
    reporting_opening_at_this_rate - reporting_opening as reporting_amount,
    is_estimated
from movements
where reporting_opening_at_this_rate <> reporting_opening
