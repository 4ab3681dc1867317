-- Grain: one item. Its list amount in minor units: once per billing period as priced, and per year.
-- A month is a twelfth of the year, so that sums stay whole until the one division by 12.
with

items_quantified as (

    select * from {{ ref('int_items_quantified') }}

),

tiered_items_amounted as (

    select * from {{ ref('int_tiered_items_amounted') }}

),

amounts as (

    select
        items_quantified.*,
        case
            when not items_quantified.has_price then null
            when items_quantified.is_metered or items_quantified.quantity = 0
                then {{ amount('0') }}
            when items_quantified.is_tiered then tiered_items_amounted.amount
            else {{ amount('items_quantified.unit_amount * items_quantified.billed_quantity') }}
        end as amount
    from items_quantified
    left join tiered_items_amounted using (stripe_account_id, subscription_item_id)

)

select
    amounts.*,
    {{ divide_exactly('(amount * periods_per_year)', 'interval_count') }} as annual_amount
from amounts
