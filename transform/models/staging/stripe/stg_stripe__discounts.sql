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

),

-- Two joins of one root each: a refresh then looks at the discounts of a few roots alone.
current_discounts as (

    select discounts.*
    from discounts
    inner join customers
        on
            discounts.stripe_account_id = customers.stripe_account_id
            and discounts.root_id = customers.id
            and discounts.read_at = customers.read_at
    where discounts.root_type = 'customer'

    union all

    select discounts.*
    from discounts
    inner join subscriptions
        on
            discounts.stripe_account_id = subscriptions.stripe_account_id
            and discounts.root_id = subscriptions.id
            and discounts.read_at = subscriptions.read_at
    where discounts.root_type = 'subscription'

)

select
    stripe_account_id,
    id as discount_key,
    discount_id,
    owner_type,
    owner_id,
    root_id,
    coalesce(position, 0) as position,
    coupon_id,
    nullif(trim(coupon_name), '') as coupon_name,
    cast(percent_off as decimal(11, 8)) as percent_off,
    amount_off,
    lower(coupon_currency) as coupon_currency,
    duration,
    duration_in_months,
    starts_at,
    ends_at,
    loaded_at
from current_discounts
