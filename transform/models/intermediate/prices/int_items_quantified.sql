-- Grain: one item, with the quantity that is billed: transform_quantity sells packages, rounded up
-- or down.
with

items_priced as (

    select * from {{ ref('int_items_priced') }}

)
{% set partly_filled = '(quantity + transform_divide_by - 1)' %}
select
    items_priced.*,
    case
        when transform_divide_by is null then quantity
        when transform_round = 'up'
            then {{ integer_quotient(partly_filled, 'transform_divide_by') }}
        when transform_round = 'down'
            then {{ integer_quotient('quantity', 'transform_divide_by') }}
    end as billed_quantity
from items_priced
