-- Grain: one step of one item: its part of the month's MRR in minor units; 0 where the
-- subscription does not count. Differences of cumulated twelfths, the chosen subscription first:
-- so the parts of a subscription chosen, and those of the account, sum exactly to a twelfth of
-- their year.
{{ config(materialized='view') }}
with

items_discounted as (

    select * from {{ ref('int_items_discounted') }}

),

subscriptions_classified as (

    select * from {{ ref('int_subscriptions_classified') }}

),

subscriptions_chosen as (

    select * from {{ ref('int_subscriptions_chosen') }}

),

counted_steps as (

    select
        subscriptions_classified.account_id,
        subscriptions_classified.stripe_account_id,
        subscriptions_classified.subscription_id,
        subscriptions_classified.currency,
        subscriptions_classified.created,
        subscriptions_chosen.subscription_id is not null as is_chosen_subscription,
        items_discounted.subscription_item_id,
        items_discounted.step,
        items_discounted.discount_key,
        case
            when not subscriptions_classified.counts_for_mrr then {{ amount('0') }}
            else items_discounted.annual_change
        end as annual_change
    from items_discounted
    inner join subscriptions_classified using (stripe_account_id, subscription_id)
    left join subscriptions_chosen using (stripe_account_id, subscription_id)

),

cumulated_steps as (

    select
        counted_steps.*,
        {{ amount('sum(annual_change) over (
            partition by account_id, currency
            order by
                is_chosen_subscription desc, created, subscription_id, stripe_account_id,
                subscription_item_id, step
        )') }} as cumulated_change
    from counted_steps

)

select
    account_id,
    stripe_account_id,
    subscription_id,
    is_chosen_subscription,
    subscription_item_id,
    step,
    discount_key,
    {{ divide_exactly('cumulated_change', 12) }}
    - {{ divide_exactly('(cumulated_change - annual_change)', 12) }} as monthly_amount
from cumulated_steps
