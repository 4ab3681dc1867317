-- Grain: month (all; in a refresh that of its `as_of`), currency: the movements of all accounts, in
-- the reporting currency where one is set.
{{ config(materialized='view') }}
{% set movements = ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
with

mrr_movements as (

    select * from {{ ref('mrr_movements') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

reported_movements as (

    select
        mrr_movements.account_id,
        mrr_movements.month,
        mrr_movements.movement,
        run_settings.reporting_currency,
        coalesce(run_settings.reporting_currency, mrr_movements.currency) as currency,
        case
            when run_settings.reporting_currency is null then mrr_movements.amount
            else mrr_movements.reporting_amount
        end as amount
    from mrr_movements
    cross join run_settings
    where {{ in_months_to_sum('mrr_movements.month') }}

)

select
    month,
    currency,
    {% for movement in movements + ['fx'] %}
    {{ sum_of_known("case when movement = '" ~ movement ~ "' then amount else 0 end") }}
        as {{ movement }}_mrr,
    {% endfor %}
    {% for movement in movements %}
    {{ count_of_accounts("movement = '" ~ movement ~ "'") }} as {{ movement }}_accounts,
    {% endfor %}
    count(*) as movement_count
from reported_movements
group by month, currency
