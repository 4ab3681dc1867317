-- Grain: one line that is still part of its invoice.
with

landed_lines as (

    select * from {{ ref('stg_stripe__landed_invoice_lines') }}

),

invoices as (

    select * from {{ source('stripe', 'invoices') }}

)

select landed_lines.*
from landed_lines
inner join invoices
    on
        landed_lines.stripe_account_id = invoices.stripe_account_id
        and landed_lines.invoice_id = invoices.id
        and landed_lines.read_at = invoices.read_at
