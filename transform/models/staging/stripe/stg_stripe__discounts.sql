-- Grain: one discount where it still hangs: on its customer, subscription or subscription item.
-- Its key is of that place: Stripe's id can be missing, or hang on several items.
with

discounts as (

    select * from {{ source('stripe', 'discounts') }}

),

customers as (

    select * from {{ source('stripe', 'customers') }}

),

subscriptions as (

    select * from {{ source('stripe', 'subscriptions') }}

)

select
    discounts.stripe_account_id,
    discounts.id as discount_key,
    discounts.discount_id,
    discounts.owner_type,
    discounts.owner_id,
    discounts.root_id,
    coalesce(discounts.position, 0) as position,
    discounts.coupon_id,
    nullif(trim(discounts.coupon_name), '') as coupon_name,
    cast(discounts.percent_off as decimal(11, 8)) as percent_off,
    discounts.amount_off,
    lower(discounts.coupon_currency) as coupon_currency,
    discounts.duration,
    discounts.duration_in_months,
    discounts.starts_at,
    discounts.ends_at,
    discounts.loaded_at
from discounts
left join customers
    on
        discounts.root_type = 'customer'
        and discounts.stripe_account_id = customers.stripe_account_id
        and discounts.root_id = customers.id
left join subscriptions
    on
        discounts.root_type = 'subscription'
        and discounts.stripe_account_id = subscriptions.stripe_account_id
        and discounts.root_id = subscriptions.id
where discounts.read_at = coalesce(customers.read_at, subscriptions.read_at)
