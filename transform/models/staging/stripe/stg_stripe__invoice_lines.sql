-- Grain: one line that is still part of its invoice.
with

lines as (

    select * from {{ source('stripe', 'invoice_lines') }}

),

invoices as (

    select * from {{ source('stripe', 'invoices') }}

)

select
    lines.stripe_account_id,
    lines.id as invoice_line_id,
    lines.invoice_id,
    lines.position,
    lines.amount,
    lower(lines.currency) as currency,
    lines.quantity,
    lines.period_start,
    lines.period_end,
    lines.price_id,
    lines.subscription_id,
    lines.subscription_item_id,
    coalesce(lines.is_proration, false) as is_proration,
    lines.discount_amount,
    lines.taxes,
    lines.loaded_at
from lines
inner join invoices
    on
        lines.stripe_account_id = invoices.stripe_account_id
        and lines.invoice_id = invoices.id
        and lines.read_at = invoices.read_at
