-- Grain: one invoice that was read, in major units: paid and open ones, and what became of those.
{{ config(replaces='customers') }}
with

invoices as (

    select * from {{ ref('int_invoices_linked') }}

),

invoices_ranked as (

    select * from {{ ref('int_invoices_ranked') }}

),

invoice_lines_summed as (

    select * from {{ ref('int_invoice_lines_summed') }}

),

currency_exponents as (

    select * from {{ ref('currency_exponents') }}

)
{% set exponent = 'coalesce(currency_exponents.exponent, 2)' %}
select
    invoices.stripe_account_id,
    invoices.invoice_id,
    invoices.account_id,
    invoices.customer_id,
    invoices.subscription_id,
    invoices.number,
    invoices.status,
    invoices.billing_reason,
    invoices.created,
    invoices.paid_at,
    invoices.period_start,
    invoices.period_end,
    invoices.currency,
    {{ major('invoices.subtotal', exponent) }} as subtotal,
    {{ major('invoices.total', exponent) }} as total,
    {{ major('invoices.total_excluding_tax', exponent) }} as total_excluding_tax,
    {{ major('invoices.amount_due', exponent) }} as amount_due,
    {{ major('invoices.amount_paid', exponent) }} as amount_paid,
    {{ major('invoices.amount_remaining', exponent) }} as amount_remaining,
    invoices.attempt_count,
    invoices.next_payment_attempt,
    invoices.due_date,
    {{ major('invoice_lines_summed.discount_amount', exponent) }} as discount_amount,
    {{ major('invoice_lines_summed.proration_amount', exponent) }} as proration_amount,
    coalesce(invoice_lines_summed.line_count, 0) as line_count,
    invoices.account_id is not null
    and coalesce(invoices_ranked.rank_in_account = 1, false) as is_last_invoice
from invoices
left join invoices_ranked using (stripe_account_id, invoice_id)
left join invoice_lines_summed using (stripe_account_id, invoice_id)
left join currency_exponents on invoices.currency = currency_exponents.currency
