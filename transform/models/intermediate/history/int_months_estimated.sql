-- Grain: subscription, month before the one of this build: its amount of a year at the month's end,
-- as its invoices say. Of an item that was billed twice for that moment, and of items that are
-- billed in one cycle, the newest invoice counts. A month whose amount is too large is left out.
{{ config(materialized='view') }}
with

invoice_lines as (

    select * from {{ ref('int_invoice_lines_normalized') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

covered_months as (

    select
        invoice_lines.*,
        {{ months_from(
            month_of('invoice_lines.period_start'),
            month_after(month_of('invoice_lines.period_end'), -1)
        ) }} as month
    from invoice_lines

),

ranked_lines as (

    select
        covered_months.*,
        rank() over (
            partition by stripe_account_id, subscription_id, month, item_id
            order by period_start desc, invoiced_at desc, invoice_id desc
        ) as rank_of_item,
        rank() over (
            partition by stripe_account_id, subscription_id, month, cycle
            order by invoiced_at desc, invoice_id desc
        ) as rank_of_cycle
    from covered_months

)

select
    stripe_account_id,
    subscription_id,
    customer_id,
    account_id,
    month,
    min(currency) as currency,
    {{ amount('sum(annual_amount)') }} as annual_amount
from ranked_lines
where
    rank_of_item = 1
    and rank_of_cycle = 1
    and month < (select run_settings.current_month from run_settings)
group by stripe_account_id, subscription_id, customer_id, account_id, month
having {{ is_within_limit('sum(annual_amount)') }}
