-- Grain: one account with paid subscription invoices: the last one of each subscription, as arrays
-- in the order of the subscriptions.
{{ config(materialized='view') }}
with

subscriptions_invoiced as (

    select * from {{ ref('int_subscriptions_invoiced') }}

)

select
    account_id,
    {{ array_in_order(
        'last_invoice_id', 'created, subscription_id, stripe_account_id'
    ) }} as last_invoice_ids,
    {{ array_in_order(
        major('last_invoice_amount', 'last_invoice_exponent'),
        'created, subscription_id, stripe_account_id'
    ) }} as last_invoice_amounts
from subscriptions_invoiced
where account_id is not null and last_invoice_id is not null
group by account_id
