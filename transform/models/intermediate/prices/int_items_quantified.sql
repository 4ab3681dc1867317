-- Grain: one item, with the quantity that is billed: transform_quantity sells packages, rounded up
-- or down.
with

items_priced as (

    select * from {{ ref('int_items_priced') }}

)
select
    items_priced.*,
    case
        when transform_divide_by is null then quantity
        when transform_round = 'up'
            then
                {{ integer_quotient('quantity', 'transform_divide_by') }}
                + case when quantity % transform_divide_by > 0 then 1 else 0 end
        when transform_round = 'down'
            then {{ integer_quotient('quantity', 'transform_divide_by') }}
    end as billed_quantity
from items_priced
