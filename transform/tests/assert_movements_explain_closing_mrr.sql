-- Opening and the sum of movements is closing MRR: for each account, month and currency, in the
-- currency itself and in the reporting currency where that is known. Looks at the accounts of this
-- build; in a refresh, at the month that it changes.
{{ config(tags=['each_refresh']) }}
with

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

months as (

    select mrr_by_month.*
    from {{ ref('mrr_by_month') }} as mrr_by_month
    inner join {{ ref('int_accounts_to_rebuild') }} using (account_id)
    cross join run_settings
    where
        {{ in_months_to_sum(
            'mrr_by_month.month', first=month_after('run_settings.current_month', -1)
        ) }}

),

openings as (

    select
        account_id,
        currency,
        {{ month_after('month') }} as month,
        mrr as opening,
        reporting_mrr as reporting_opening
    from months

),

movements as (

    select
        mrr_movements.account_id,
        mrr_movements.currency,
        mrr_movements.month,
        sum(mrr_movements.amount) as amount,
        {{ sum_of_known('mrr_movements.reporting_amount') }} as reporting_amount
    from {{ ref('mrr_movements') }} as mrr_movements
    inner join {{ ref('int_accounts_to_rebuild') }} using (account_id)
    cross join run_settings
    where {{ in_months_to_sum('mrr_movements.month') }}
    group by mrr_movements.account_id, mrr_movements.currency, mrr_movements.month

)

select
    months.account_id,
    months.currency,
    months.month,
    openings.opening,
    movements.amount,
    months.mrr as closing
from months
cross join run_settings
left join openings using (account_id, currency, month)
left join movements using (account_id, currency, month)
where
    (run_settings.is_full or months.month = run_settings.current_month)
    and (
        coalesce(openings.opening, 0) + coalesce(movements.amount, 0) <> months.mrr
        or case when openings.month is null then 0 else openings.reporting_opening end
        + case when movements.month is null then 0 else movements.reporting_amount end
        <> months.reporting_mrr
    )
