-- Grain: one paid invoice, with its account and whether it is the last one of the account or of its
-- subscription: newest created, then greatest id.
with

invoices as (

    select * from {{ ref('int_invoices_linked') }}

),

currency_exponents as (

    select * from {{ ref('currency_exponents') }}

)

select
    invoices.account_id,
    invoices.stripe_account_id,
    invoices.invoice_id,
    invoices.subscription_id,
    invoices.created,
    invoices.currency,
    coalesce(currency_exponents.exponent, 2) as exponent,
    invoices.total,
    row_number() over (
        partition by invoices.account_id
        order by
            invoices.created desc, invoices.invoice_id desc, invoices.stripe_account_id desc
    ) as rank_in_account,
    row_number() over (
        partition by invoices.stripe_account_id, invoices.subscription_id
        order by invoices.created desc, invoices.invoice_id desc
    ) as rank_in_subscription
from invoices
left join currency_exponents on invoices.currency = currency_exponents.currency
where invoices.status = 'paid'
