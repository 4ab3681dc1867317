-- Grain: one line of a paid invoice that bills an item for a period: what it comes to in a year, as
-- billed: less its discounts and the tax inside it. No prorations, one-off or metered lines. A
-- period ends with its subscription.
{{ config(materialized='view') }}
with

invoice_lines as (

    select * from {{ ref('stg_stripe__invoice_lines') }}

),

invoices as (

    select * from {{ ref('int_invoices_linked') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions_linked') }}

),

prices as (

    select * from {{ ref('stg_stripe__prices') }}

),

billing_intervals as (

    select * from {{ ref('billing_intervals') }}

)

select
    invoice_lines.stripe_account_id,
    invoice_lines.subscription_id,
    invoices.customer_id,
    invoices.account_id,
    invoice_lines.currency,
    invoice_lines.invoice_id,
    invoices.created as invoiced_at,
    coalesce(invoice_lines.subscription_item_id, invoice_lines.price_id) as item_id,
    prices.recurring_interval_count || ' ' || prices.recurring_interval as cycle,
    invoice_lines.period_start,
    least(
        invoice_lines.period_end,
        case
            when subscriptions.status = 'canceled'
                then coalesce(subscriptions.ended_at, subscriptions.canceled_at)
        end
    ) as period_end,
    {{ divide_exactly(
        amount(
            amount('invoice_lines.amount - coalesce(invoice_lines.discount_amount, 0) - '
            ~ inclusive_tax('invoice_lines.taxes'))
            ~ ' * coalesce(billing_intervals.periods_per_year, 365)'
        ),
        'coalesce(prices.recurring_interval_count, '
        ~ days_between('invoice_lines.period_start', 'invoice_lines.period_end') ~ ')'
    ) }} as annual_amount
from invoice_lines
inner join invoices
    on
        invoice_lines.stripe_account_id = invoices.stripe_account_id
        and invoice_lines.invoice_id = invoices.invoice_id
left join subscriptions
    on
        invoice_lines.stripe_account_id = subscriptions.stripe_account_id
        and invoice_lines.subscription_id = subscriptions.subscription_id
left join prices
    on
        invoice_lines.stripe_account_id = prices.stripe_account_id
        and invoice_lines.price_id = prices.price_id
left join billing_intervals on prices.recurring_interval = billing_intervals.billing_interval
where
    invoices.status = 'paid'
    and invoice_lines.subscription_id is not null
    and not invoice_lines.is_proration
    and coalesce(prices.type = 'recurring', invoice_lines.subscription_item_id is not null)
    and coalesce(prices.usage_type <> 'metered', true)
    and invoice_lines.period_end > invoice_lines.period_start
