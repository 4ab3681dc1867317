-- Grain: one account that has subscriptions: the subscription which stands for it in single mode.
with

subscriptions_classified as (

    select * from {{ ref('int_subscriptions_classified') }}

),

ranked_subscriptions as (

    select
        account_id,
        stripe_account_id,
        subscription_id,
        customer_id,
        row_number() over (
            partition by account_id
            order by
                selection_rank asc nulls last,
                created desc,
                subscription_id desc,
                stripe_account_id desc
        ) as rank_in_account
    from subscriptions_classified
    where account_id is not null

)

select
    account_id,
    stripe_account_id,
    subscription_id,
    customer_id
from ranked_subscriptions
where rank_in_account = 1
