-- Grain: one step of one item: step 0 is its list amount, each further step a discount. Changes of
-- a year in minor units; they sum to the item's net amount. The steps are as many as the data has.
with

items_amounted as (

    select * from {{ ref('int_items_amounted') }}

),

item_discounts_ordered as (

    select * from {{ ref('int_item_discounts_ordered') }}

),

step_0 as (

    select
        stripe_account_id,
        subscription_id,
        subscription_item_id,
        item_position,
        0 as step,
        cast(null as {{ text_type() }}) as discount_key,
        annual_amount as annual_change,
        annual_amount as running_amount
    from items_amounted

),
{% set steps = discount_steps(ref('int_item_discounts_ordered')) | int %}
{%- for step in range(1, steps + 1) %}
step_{{ step }}_reached as (

    {{ reached_items('step_' ~ (step - 1), step) }}

),

step_{{ step }} as (

    {{ discounted_items('step_' ~ step ~ '_reached', step) }}

),
{% endfor %}
all_steps as (
    {% for step in range(steps + 1) %}
    select * from step_{{ step }}
    {% if step > 0 %}where discount_key is not null{% endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select
    stripe_account_id,
    subscription_id,
    subscription_item_id,
    cast(step as bigint) as step,
    discount_key,
    {{ amount('annual_change') }} as annual_change
from all_steps
