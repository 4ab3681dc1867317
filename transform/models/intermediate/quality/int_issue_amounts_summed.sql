-- Grain: one cause of doubt on which subscriptions hang: what they add to MRR now, and of how many
-- that is not known. One that hangs on a cause in several ways counts once.
{{ config(materialized='view') }}
with

affected as (

    select * from {{ ref('data_quality_affected') }}

),

affected_subscriptions as (

    select distinct
        issue_id,
        stripe_account_id,
        subscription_id,
        currency,
        mrr,
        is_mrr_known
    from affected
    where currency is not null

),

currency_sums as (

    select
        issue_id,
        currency,
        cast(coalesce(sum(mrr), 0) as decimal(38, 3)) as mrr,
        sum(case when is_mrr_known then 0 else 1 end) as unknown_count
    from affected_subscriptions
    group by issue_id, currency

)

select
    issue_id,
    {{ map_of('currency', 'mrr') }} as mrr_by_currency,
    cast(sum(unknown_count) as bigint) as unknown_count
from currency_sums
group by issue_id
