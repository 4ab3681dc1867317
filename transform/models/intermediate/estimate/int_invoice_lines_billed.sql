-- Grain: what one paid invoice bills of a subscription's item for one period, or gives back of its
-- unused time: less the discounts that count and the tax inside. No metered or one-off lines.
-- History is estimated in a full build, so that a refresh reads no line here.
with

invoice_lines as (

    select * from {{ ref('stg_stripe__landed_invoice_lines') }}

),

invoices as (

    select * from {{ ref('int_invoices_linked') }}

),

line_discounts_counted as (

    select * from {{ ref('int_line_discounts_counted') }}

),

prices as (

    select * from {{ ref('stg_stripe__prices') }}

),

subscriptions_with_parts as (

    select * from {{ ref('int_subscriptions_with_parts') }}

),

lines as (

    select
        invoice_lines.*,
        invoices.customer_id,
        invoices.account_id,
        invoices.created as invoiced_at,
        invoice_lines.is_proration and invoice_lines.amount < 0 as is_credit,
        coalesce(invoice_lines.subscription_item_id, invoice_lines.price_id) as item_id,
        {{ inclusive_tax('invoice_lines.taxes') }} as tax_inside,
        coalesce(invoice_lines.discount_amount, 0) as all_discounts,
        coalesce(line_discounts_counted.discount_amount, invoice_lines.discount_amount, 0)
            as counted_discounts,
        subscriptions_with_parts.subscription_id is not null as has_parts
    from invoice_lines
    -- Lines that are still part of their invoice.
    inner join invoices using (stripe_account_id, invoice_id, read_at)
    left join line_discounts_counted using (stripe_account_id, invoice_line_id)
    left join prices using (stripe_account_id, price_id)
    left join subscriptions_with_parts
        on
            invoice_lines.stripe_account_id = subscriptions_with_parts.stripe_account_id
            and invoice_lines.subscription_id = subscriptions_with_parts.subscription_id
    where
        invoices.status = 'paid'
        and invoice_lines.subscription_id is not null
        and (invoice_lines.is_proration or invoice_lines.amount >= 0)
        and coalesce(prices.type = 'recurring', invoice_lines.subscription_item_id is not null)
        and coalesce(prices.usage_type <> 'metered', true)
        and invoice_lines.period_end > invoice_lines.period_start
        and {{ 'true' if is_full_build() else 'false' }}

)

-- Stripe bills each tier of a graduated price in a line of its own.
select
    stripe_account_id,
    invoice_id,
    subscription_id,
    customer_id,
    account_id,
    item_id,
    price_id,
    currency,
    invoiced_at,
    is_proration,
    is_credit,
    has_parts,
    period_start,
    period_end,
    sum(coalesce(quantity, 1)) as quantity,
    max(position) as position,
    {{ amount('sum(coalesce(' ~ share_of(
        amount('amount - counted_discounts'),
        amount('amount - all_discounts - tax_inside'),
        amount('amount - all_discounts')
    ) ~ ', ' ~ amount('amount - counted_discounts') ~ '))') }} as net_amount
from lines
group by all
having {{ is_within_limit('sum(amount)') }}
