-- Grain: one discount as landed, also one that hangs there no longer. Its key is of the place where
-- it hangs: Stripe's id can be missing, or hang on several items.
select
    stripe_account_id,
    id as discount_key,
    discount_id,
    owner_type,
    owner_id,
    root_type,
    root_id,
    coalesce(position, 0) as position,
    coupon_id,
    nullif(trim(coupon_name), '') as coupon_name,
    try_cast(percent_off as decimal(11, 8)) as percent_off,
    amount_off,
    lower(coupon_currency) as coupon_currency,
    duration,
    duration_in_months,
    starts_at,
    ends_at,
    read_at,
    loaded_at
from {{ source('stripe', 'discounts') }}
