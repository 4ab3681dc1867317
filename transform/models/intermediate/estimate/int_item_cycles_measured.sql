-- Grain: item, price, of a subscription some of whose lines need their neighbours: the longest
-- period that a line of it is for, as calendar months and as days.
{{ config(materialized='view') }}
with

invoice_lines as (

    select * from {{ ref('int_invoice_lines_billed') }}

)

select
    stripe_account_id,
    subscription_id,
    item_id,
    price_id,
    max({{ calendar_months('period_start', 'period_end') }}) as whole_months,
    max(greatest({{ days_between('period_start', 'period_end') }}, 1)) as whole_days
from invoice_lines
where has_parts and not is_proration
group by stripe_account_id, subscription_id, item_id, price_id
