-- Grain: one account with a subscription that ended: why the last of them did.
{{ config(materialized='view') }}
with

subscriptions_classified as (

    select * from {{ ref('int_subscriptions_classified') }}

),

ranked_subscriptions as (

    select
        account_id,
        cancellation_reason,
        cancellation_feedback,
        cancellation_comment,
        row_number() over (
            partition by account_id
            order by ended_at desc, created desc, subscription_id desc, stripe_account_id desc
        ) as rank_in_account
    from subscriptions_classified
    where account_id is not null and has_begun and not is_live and ended_at is not null

)

select
    account_id,
    cancellation_reason,
    cancellation_feedback,
    cancellation_comment
from ranked_subscriptions
where rank_in_account = 1
