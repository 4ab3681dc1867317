-- Grain: one subscription, with its last paid invoice, what it bills: the greater of that invoice
-- and its amount, where both are of one currency; in minor units; and whether it is paying.
with

subscriptions_valued as (

    select * from {{ ref('int_subscriptions_valued') }}

),

invoices_ranked as (

    select * from {{ ref('int_invoices_ranked') }}

)

select
    subscriptions_valued.*,
    invoices_ranked.invoice_id as last_invoice_id,
    invoices_ranked.created as last_invoice_timestamp,
    invoices_ranked.currency as last_invoice_currency,
    invoices_ranked.exponent as last_invoice_exponent,
    invoices_ranked.total as last_invoice_amount,
    greatest(
        subscriptions_valued.amount,
        case
            when invoices_ranked.currency = subscriptions_valued.currency
                then {{ amount('invoices_ranked.total') }}
        end
    ) as billed_amount,
    subscriptions_valued.has_mrr
    or (
        subscriptions_valued.counts_for_mrr
        and subscriptions_valued.is_metered
        and coalesce(invoices_ranked.total > 0, false)
    ) as is_paying
from subscriptions_valued
left join invoices_ranked
    on
        subscriptions_valued.stripe_account_id = invoices_ranked.stripe_account_id
        and subscriptions_valued.subscription_id = invoices_ranked.subscription_id
        and invoices_ranked.rank_in_subscription = 1
