-- Grain: one Stripe invoice, a deleted one with its last seen values.
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
    amount_remaining,
    attempt_count,
    next_payment_attempt,
    due_date,
    billing_reason,
    number,
    period_start,
    period_end,
    paid_at,
    deleted_at is not null as is_deleted,
    read_at,
    loaded_at,
    {{ row_position() }} as row_position
from {{ source('stripe', 'invoices') }}
where created is not null
