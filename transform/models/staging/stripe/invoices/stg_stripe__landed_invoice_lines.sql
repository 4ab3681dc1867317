-- Grain: one invoice line as landed, also one that its invoice does not bring any more.
select
    stripe_account_id,
    id as invoice_line_id,
    invoice_id,
    position,
    amount,
    lower(currency) as currency,
    quantity,
    period_start,
    period_end,
    price_id,
    subscription_id,
    subscription_item_id,
    coalesce(is_proration, false) as is_proration,
    discount_amount,
    discount_amounts,
    taxes,
    read_at,
    loaded_at
from {{ source('stripe', 'invoice_lines') }}
