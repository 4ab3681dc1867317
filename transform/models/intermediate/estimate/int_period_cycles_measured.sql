-- Grain: end of a period of a subscription some of whose lines need their neighbours: the longest
-- period that ends then, as calendar months and as days, and when it began.
{{ config(materialized='view') }}
with

invoice_lines as (

    select * from {{ ref('int_invoice_lines_billed') }}

)

select
    stripe_account_id,
    subscription_id,
    period_end,
    max({{ calendar_months('period_start', 'period_end') }}) as whole_months,
    max(greatest({{ days_between('period_start', 'period_end') }}, 1)) as whole_days,
    min(period_start) as cycle_start
from invoice_lines
where has_parts and not is_proration
group by stripe_account_id, subscription_id, period_end
