-- Grain: one Stripe coupon; a deleted one goes on discounting as last seen.
select
    stripe_account_id,
    id as coupon_id,
    nullif(trim(name), '') as name,
    try_cast(percent_off as decimal(11, 8)) as percent_off,
    amount_off,
    lower(currency) as currency,
    duration,
    duration_in_months,
    {{ strings_of_json('applies_to_products') }} as applies_to_products,
    loaded_at
from {{ source('stripe', 'coupons') }}
where created is not null
