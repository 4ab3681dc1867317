-- Grain: one currency: MRR of all accounts now, and beside it that of subscriptions in no account.
-- Whatever tells the company's MRR of today tells these.
{{ config(replaces='everything') }}
with

mrr_by_month as (

    select * from {{ ref('mrr_by_month') }}

),

subscriptions as (

    select * from {{ ref('subscriptions') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

parts as (

    select
        mrr_by_month.currency,
        mrr_by_month.mrr,
        cast(0 as decimal(18, 3)) as unlinked_mrr,
        case when mrr_by_month.mrr > 0 then 1 else 0 end as account_count
    from mrr_by_month
    cross join run_settings
    where mrr_by_month.month = run_settings.current_month

    union all

    select
        currency,
        cast(0 as decimal(18, 3)) as mrr,
        mrr_normalized as unlinked_mrr,
        0 as account_count
    from subscriptions
    where account_id is null

)

select
    currency,
    cast(sum(mrr) as decimal(38, 3)) as mrr,
    cast(sum(account_count) as bigint) as accounts,
    cast({{ sum_of_known('unlinked_mrr') }} as decimal(38, 3)) as unlinked_mrr
from parts
group by currency
having sum(mrr) > 0 or coalesce(sum(unlinked_mrr) > 0, true)
order by mrr desc, currency
