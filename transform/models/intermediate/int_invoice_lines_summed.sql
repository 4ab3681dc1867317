-- Grain: one invoice that has lines. What its lines add up to, in minor units.
{{ config(materialized='view') }}
with

invoices as (

    select * from {{ ref('int_invoices_linked') }}

),

invoice_lines as (

    select * from {{ ref('stg_stripe__invoice_lines') }}

)

select
    invoice_lines.stripe_account_id,
    invoice_lines.invoice_id,
    cast(count(*) as bigint) as line_count,
    cast(sum(case when invoice_lines.is_proration then invoice_lines.amount else 0 end) as bigint)
        as proration_amount,
    cast(sum(coalesce(invoice_lines.discount_amount, 0)) as bigint) as discount_amount
from invoice_lines
inner join invoices using (stripe_account_id, invoice_id)
group by invoice_lines.stripe_account_id, invoice_lines.invoice_id
