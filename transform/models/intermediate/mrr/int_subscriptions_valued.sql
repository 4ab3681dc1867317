-- Grain: one subscription: its amount as billed and its net amount of a year, in minor units.
-- Where an item's amount is not known, neither is the sum: null, never too little, and never zero.
-- Nor is it where the account's sum is too large.
with

subscriptions_classified as (

    select * from {{ ref('int_subscriptions_classified') }}

),

items_amounted as (

    select * from {{ ref('int_items_amounted') }}

),

items_discounted as (

    select * from {{ ref('int_items_discounted') }}

),

billed_amounts as (

    select
        stripe_account_id,
        subscription_id,
        {{ sum_of_known('amount') }} as listed_amount,
        {{ amount('sum(annual_amount)') }} as known_list_amount,
        bool_or(is_metered) as is_metered
    from items_amounted
    group by stripe_account_id, subscription_id

),

net_amounts as (

    select
        stripe_account_id,
        subscription_id,
        {{ sum_of_known('annual_change') }} as annual_amount
    from items_discounted
    group by stripe_account_id, subscription_id

),

counted_amounts as (

    select
        subscriptions_classified.*,
        billed_amounts.listed_amount,
        billed_amounts.known_list_amount,
        coalesce(billed_amounts.is_metered, false) as is_metered,
        {{ within_limit('billed_amounts.listed_amount') }} as amount,
        net_amounts.annual_amount as prospective_annual_amount,
        case
            when subscriptions_classified.counts_for_mrr then net_amounts.annual_amount
            else {{ amount('0') }}
        end as counted_amount
    from subscriptions_classified
    left join billed_amounts using (stripe_account_id, subscription_id)
    left join net_amounts using (stripe_account_id, subscription_id)

),

account_amounts as (

    select
        counted_amounts.*,
        sum(counted_amount) over (
            partition by
                account_id,
                case when account_id is null then stripe_account_id end,
                case when account_id is null then customer_id end,
                currency
        ) as account_amount
    from counted_amounts

),

limited_amounts as (

    select
        account_amounts.*,
        case
            when {{ is_within_limit('account_amount') }} then counted_amount
        end as net_annual_amount
    from account_amounts

)

select
    limited_amounts.*,
    counts_for_mrr and coalesce(net_annual_amount > 0, true) as has_mrr
from limited_amounts
