-- Grain: one item. Its list amount in minor units: once per billing period as priced, and per year.
-- A month is a twelfth of the year, so that sums stay whole until the one division by 12. What is
-- too large is null, although it has an amount.
with

items_quantified as (

    select * from {{ ref('int_items_quantified') }}

),

tiered_items_amounted as (

    select * from {{ ref('int_tiered_items_amounted') }}

),

flat_amounts as (

    select
        items_quantified.*,
        case
            when {{ is_computable(['unit_amount', 'billed_quantity']) }}
                then {{ amount('unit_amount * billed_quantity') }}
        end as flat_amount
    from items_quantified

),

amounts as (

    select
        flat_amounts.*,
        coalesce(
            flat_amounts.unit_amount is not null
            or tiered_items_amounted.subscription_item_id is not null, false
        ) as has_amount,
        case
            when not flat_amounts.has_price then null
            when flat_amounts.is_metered or flat_amounts.quantity = 0 then {{ amount('0') }}
            when flat_amounts.is_tiered then tiered_items_amounted.amount
            else {{ within_limit('flat_amounts.flat_amount') }}
        end as amount
    from flat_amounts
    left join tiered_items_amounted using (stripe_account_id, subscription_item_id)

)

select
    amounts.*,
    {{ within_limit(divide_exactly('(amount * periods_per_year)', 'interval_count')) }}
        as annual_amount
from amounts
