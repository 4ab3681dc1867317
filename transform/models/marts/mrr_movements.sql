-- Grain: account, month, currency, movement: opening MRR and the sum of amounts is closing MRR.
{{ config(replaces='accounts_this_month') }}
with

mrr_movements_named as (

    select * from {{ ref('int_mrr_movements_named') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

)

select
    mrr_movements_named.account_id,
    mrr_movements_named.month,
    mrr_movements_named.currency,
    mrr_movements_named.movement,
    cast(mrr_movements_named.amount as decimal(18, 3)) as amount,
    cast(mrr_movements_named.reporting_amount as decimal(18, 3)) as reporting_amount,
    mrr_movements_named.is_estimated
from mrr_movements_named
cross join run_settings
where run_settings.is_full or mrr_movements_named.month = run_settings.current_month
order by mrr_movements_named.month, mrr_movements_named.account_id
