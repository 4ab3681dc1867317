-- Grain: one account with open invoices, of a subscription or not: how many, and when Stripe tries
-- to collect the next.
{{ config(materialized='view') }}
with

invoices as (

    select * from {{ ref('int_invoices_linked') }}

)

select
    account_id,
    count(*) as open_invoice_count,
    min(next_payment_attempt) as next_payment_attempt
from invoices
where status = 'open' and account_id is not null
group by account_id
