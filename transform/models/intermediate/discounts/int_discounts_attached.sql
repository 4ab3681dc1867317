-- Grain: one discount on one subscription, in the order in which discounts apply: each item's own
-- (scope item), then the subscription's; the customer's only where there is neither. Ended ones
-- are out.
with

discounts_valued as (

    select * from {{ ref('int_discounts_valued') }}

),

items_priced as (

    select * from {{ ref('int_items_priced') }}

),

subscriptions_classified as (

    select * from {{ ref('int_subscriptions_classified') }}

),

current_discounts as (

    select * from discounts_valued
    where not is_ended

),

own_discounts as (

    select
        root_id as subscription_id,
        case when owner_type = 'subscription_item' then 'item' else 'subscription' end as scope,
        current_discounts.*
    from current_discounts
    where owner_type in ('subscription', 'subscription_item')

),

customer_discounts as (

    select
        subscriptions_classified.subscription_id,
        'customer' as scope,
        current_discounts.*
    from current_discounts
    inner join subscriptions_classified
        on
            current_discounts.stripe_account_id = subscriptions_classified.stripe_account_id
            and current_discounts.owner_id = subscriptions_classified.customer_id
    left join own_discounts
        on
            subscriptions_classified.stripe_account_id = own_discounts.stripe_account_id
            and subscriptions_classified.subscription_id = own_discounts.subscription_id
    where current_discounts.owner_type = 'customer' and own_discounts.subscription_id is null

),

attached_discounts as (

    select * from own_discounts
    union all
    select * from customer_discounts

)

select
    attached_discounts.*,
    items_priced.item_position,
    row_number() over (
        partition by
            attached_discounts.stripe_account_id,
            attached_discounts.subscription_id,
            attached_discounts.owner_id
        order by attached_discounts.position, attached_discounts.discount_key
    ) as discount_position
from attached_discounts
left join items_priced
    on
        attached_discounts.scope = 'item'
        and attached_discounts.stripe_account_id = items_priced.stripe_account_id
        and attached_discounts.owner_id = items_priced.subscription_item_id
