-- Grain: one invoice to rebuild that was not deleted, with the account of its customer (null:
-- unlinked). One that names no customer is looked at in every build.
with

invoices as (

    select * from {{ named_rows(
        ref('stg_stripe__invoices'), 'customer_id', ref('int_customers_to_rebuild'), or_none=true
    ) }}

),

customers_to_rebuild as (

    select * from {{ ref('int_customers_to_rebuild') }}

)

-- One pass over all invoices, which are the most rows of all: a CTE that two branches read is
-- written out whole before they begin.
select
    customers_to_rebuild.account_id,
    invoices.stripe_account_id,
    invoices.invoice_id,
    invoices.created,
    invoices.customer_id,
    invoices.subscription_id,
    invoices.status,
    invoices.currency,
    invoices.total,
    invoices.subtotal,
    invoices.total_excluding_tax,
    invoices.amount_due,
    invoices.amount_paid,
    invoices.amount_remaining,
    invoices.attempt_count,
    invoices.next_payment_attempt,
    invoices.due_date,
    invoices.billing_reason,
    invoices.number,
    invoices.period_start,
    invoices.period_end,
    invoices.paid_at,
    invoices.read_at
from invoices
left join customers_to_rebuild
    on
        invoices.stripe_account_id = customers_to_rebuild.stripe_account_id
        and invoices.customer_id = customers_to_rebuild.customer_id
where
    not invoices.is_deleted
    and (customers_to_rebuild.customer_id is not null or invoices.customer_id is null)
