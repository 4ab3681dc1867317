-- Grain: one subscription with open invoices: what is owed on them, in minor units, and how far
-- Stripe has got with collecting it. Null where they are not all in the subscription's currency.
{{ config(materialized='view') }}
with

invoices as (

    select * from {{ ref('int_invoices_linked') }}

),

subscriptions_linked as (

    select * from {{ ref('int_subscriptions_linked') }}

)

select
    invoices.stripe_account_id,
    invoices.subscription_id,
    count(*) as open_invoice_count,
    {{ sum_of_known(
        'case when invoices.currency = subscriptions_linked.currency'
        ~ ' then invoices.amount_remaining end'
    ) }} as open_amount,
    max(invoices.attempt_count) as payment_attempt_count,
    min(invoices.next_payment_attempt) as next_payment_attempt,
    min(invoices.due_date) as open_invoice_due_date
from invoices
inner join subscriptions_linked using (stripe_account_id, subscription_id)
where invoices.status = 'open'
group by invoices.stripe_account_id, invoices.subscription_id
