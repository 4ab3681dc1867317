-- Grain: one subscription: its amount as billed and its net amount of a year, in minor units.
-- Where an item's amount is not known, neither is the sum: null, never too little, and
-- never nothing.
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
        {{ sum_of_known('amount') }} as amount,
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

)

select
    subscriptions_classified.*,
    billed_amounts.amount,
    coalesce(billed_amounts.is_metered, false) as is_metered,
    case
        when subscriptions_classified.counts_for_mrr then net_amounts.annual_amount
        else {{ amount('0') }}
    end as net_annual_amount,
    subscriptions_classified.counts_for_mrr
    and coalesce(net_amounts.annual_amount > 0, true) as has_mrr
from subscriptions_classified
left join billed_amounts using (stripe_account_id, subscription_id)
left join net_amounts using (stripe_account_id, subscription_id)
