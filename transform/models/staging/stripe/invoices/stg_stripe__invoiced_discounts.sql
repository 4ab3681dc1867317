-- Grain: one discount that a paid invoice took off, whether it still hangs somewhere or not.
select
    stripe_account_id,
    id as discount_id,
    coupon_id
from {{ source('stripe', 'invoiced_discounts') }}
