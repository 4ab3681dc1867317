-- Grain: one payment method or source.
select
    stripe_account_id,
    id as payment_method_id,
    type,
    card_exp_month,
    card_exp_year,
    loaded_at
from {{ source('stripe', 'payment_methods') }}
