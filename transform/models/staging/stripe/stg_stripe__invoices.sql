-- Grain: one Stripe invoice that was not deleted.
select
    stripe_account_id,
    id as invoice_id,
    created,
    customer_id,
    subscription_id,
    status,
    lower(currency) as currency,
    total,
    subtotal,
    total_excluding_tax,
    amount_due,
    amount_paid,
    billing_reason,
    number,
    period_start,
    period_end,
    paid_at,
    loaded_at
from {{ source('stripe', 'invoices') }}
where deleted_at is null
