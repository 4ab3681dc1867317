-- Grain: one invoice that has lines. What its lines add up to, in minor units.
with

invoice_lines as (

    select * from {{ ref('stg_stripe__invoice_lines') }}

)

select
    invoice_id,
    cast(count(*) as bigint) as line_count,
    cast(sum(case when is_proration then amount else 0 end) as bigint) as proration_amount,
    cast(sum(coalesce(discount_amount, 0)) as bigint) as discount_amount
from invoice_lines
group by invoice_id
