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

),

-- First by movement: a sum of each row for each movement costs six times as much.
sums as (

    select
        month,
        currency,
        movement,
        {{ sum_of_known('amount') }} as mrr,
        {{ count_of_accounts('true') }} as account_count,
        count(*) as movement_count
    from reported_movements
    group by month, currency, movement

)

select
    month,
    currency,
    {% for movement in movements + ['fx'] %}
    case
        when bool_or(movement = '{{ movement }}')
            then max(case when movement = '{{ movement }}' then mrr end)
        else {{ amount('0') }}
    end as {{ movement }}_mrr,
    {% endfor %}
    {% for movement in movements %}
    coalesce(max(case when movement = '{{ movement }}' then account_count end), 0)
        as {{ movement }}_accounts,
    {% endfor %}
    sum(movement_count) as movement_count
from sums
group by month, currency
