-- Grain: one Stripe price, active or not; a deleted one keeps its last seen values.
select
    stripe_account_id,
    id as price_id,
    product_id,
    lower(currency) as currency,
    type,
    nullif(trim(nickname), '') as nickname,
    billing_scheme,
    tiers_mode,
    coalesce({{ amount('unit_amount') }}, unit_amount_decimal) as unit_amount,
    recurring_interval,
    recurring_interval_count,
    usage_type,
    transform_divide_by,
    transform_round,
    loaded_at
from {{ source('stripe', 'prices') }}
where created is not null
