-- Grain: one subscription whose lines do not each say their cycle and amount alone: one is a
-- proration, or of a price that is not landed. Only there a line's neighbours are looked at, which
-- costs more than all else.
{{ config(materialized='view') }}
with

invoice_lines as (

    select * from {{ ref('stg_stripe__landed_invoice_lines') }}

),

prices as (

    select * from {{ ref('stg_stripe__prices') }}

)

select distinct
    invoice_lines.stripe_account_id,
    invoice_lines.subscription_id
from invoice_lines
left join prices using (stripe_account_id, price_id)
where
    invoice_lines.is_proration
    or coalesce(prices.type = 'recurring', true)
    and (prices.recurring_interval is null or prices.recurring_interval_count is null)
