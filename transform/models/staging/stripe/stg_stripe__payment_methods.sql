-- Grain: one payment method or source.
select
    id as payment_method_id,
    type,
    card_exp_month,
    card_exp_year
from {{ source('stripe', 'payment_methods') }}
