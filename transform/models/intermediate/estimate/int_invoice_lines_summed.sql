-- Grain: one invoice that has lines. What the lines of its last read add up to, in minor units.
{{ config(materialized='view') }}
with

invoices as (

    select * from {{ ref('int_invoices_linked') }}

),

landed_lines as (

    select * from {{ ref('stg_stripe__landed_invoice_lines') }}

)

select
    landed_lines.stripe_account_id,
    landed_lines.invoice_id,
    cast(count(*) as bigint) as line_count,
    try_cast(sum(case when landed_lines.is_proration then landed_lines.amount else 0 end) as bigint)
        as proration_amount,
    try_cast(sum(coalesce(landed_lines.discount_amount, 0)) as bigint) as discount_amount
from landed_lines
inner join invoices using (stripe_account_id, invoice_id, read_at)
group by landed_lines.stripe_account_id, landed_lines.invoice_id
