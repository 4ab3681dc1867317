-- Grain: one invoice that was read, in major units.
with

invoices as (

    select * from {{ ref('stg_stripe__invoices') }}

),

customers_linked as (

    select * from {{ ref('int_customers_linked') }}

),

invoices_ranked as (

    select * from {{ ref('int_invoices_ranked') }}

),

currency_exponents as (

    select * from {{ ref('currency_exponents') }}

)
{% set exponent = 'coalesce(currency_exponents.exponent, 2)' %}
select
    invoices.invoice_id,
    customers_linked.account_id,
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
    customers_linked.account_id is not null
    and coalesce(invoices_ranked.rank_in_account = 1, false) as is_last_invoice
from invoices
left join customers_linked on invoices.customer_id = customers_linked.customer_id
left join invoices_ranked on invoices.invoice_id = invoices_ranked.invoice_id
left join currency_exponents on invoices.currency = currency_exponents.currency
