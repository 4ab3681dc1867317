-- Grain: one subscription with items: its plans as arrays, items by created and id. A unit
-- price is not rounded: it can be a part of a cent.
{{ config(materialized='view') }}
with

items_priced as (

    select * from {{ ref('int_items_priced') }}

)

select
    stripe_account_id,
    subscription_id,
    {{ array_in_order('price_id', 'item_position') }} as plan_ids,
    {{ array_in_order('plan_name', 'item_position') }} as plan_names,
    {{ array_in_order(exact_major('unit_amount', 'exponent'), 'item_position') }} as plan_amounts
from items_priced
group by stripe_account_id, subscription_id
