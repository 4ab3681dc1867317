{#
The loop of `int_items_discounted`: one pair of CTEs for each discount that stacks. A loop, because
Spark 3.5 has no recursive query.
#}

{#
How many discounts stack at most in this run's data, and two at least: most builds are then the same
text, whichever accounts they rebuild. A step that no item has adds no row. Unit tests override it:
they have no data.
#}
{% macro discount_steps(relation) -%}
    {%- if execute -%}
        {{ run_query('select greatest(coalesce(max(step), 0), 2) from ' ~ relation).columns[0][0] }}
    {%- else -%}
        1
    {%- endif -%}
{%- endmacro %}


{#
The items with the discount of one step. An amount comes off all the items that it reaches together,
once per cycle of the shortest of them, and never more than they amount to.
#}
{% macro reached_items(previous, step) -%}
    {%- set together = (
        'partition by previous.stripe_account_id, previous.subscription_id, discounts.discount_key'
    ) -%}
    select
        previous.stripe_account_id,
        previous.subscription_id,
        previous.subscription_item_id,
        previous.item_position,
        previous.running_amount,
        discounts.discount_key,
        discounts.percent_off,
        sum(previous.running_amount) over ({{ together }}) as reached_amount,
        sum(previous.running_amount) over (
            {{ together }} order by previous.item_position
        ) as cumulated_amount,
        max(case when previous.running_amount > 0 then discounts.annual_amount_off end)
            over ({{ together }}) as amount_off
    from {{ previous }} as previous
    left join item_discounts_ordered as discounts
        on
            previous.stripe_account_id = discounts.stripe_account_id
            and previous.subscription_item_id = discounts.subscription_item_id
            and discounts.step = {{ step }}
{%- endmacro %}


{#
What the discount of one step takes off each item. The shares of an amount are differences of
cumulated shares, so that they sum to the whole.
#}
{% macro discounted_items(reached, step) -%}
    select
        stripe_account_id,
        subscription_id,
        subscription_item_id,
        item_position,
        {{ step }} as step,
        discount_key,
        - reduction as annual_change,
        running_amount - reduction as running_amount
    from (
        select
            {{ reached }}.*,
            case
                when discount_key is null or reached_amount = 0 then {{ amount('0') }}
                when percent_off is not null
                    then {{ amount('running_amount * percent_off * 0.01') }}
                when amount_off >= reached_amount then running_amount
                else
                    {{ share_of('amount_off', 'cumulated_amount', 'reached_amount') }}
                    - {{ share_of(
                        'amount_off', '(cumulated_amount - running_amount)', 'reached_amount'
                    ) }}
            end as reduction
        from {{ reached }}
    ) as reductions
{%- endmacro %}


{#
The discounts that still hang where they did: those of the last read of the customer or subscription
that they came with. Two joins of one root each: a refresh then looks at the discounts of a few roots
alone. `discounts` is named in both: a CTE that two read is written out whole before they begin.
#}
{% macro discounts_that_hang(
    discounts, customers, subscriptions, customer_id='customer_id', subscription_id='subscription_id'
) -%}
    select hanging.*
    from {{ discounts }} as hanging
    inner join {{ customers }} as roots
        on
            hanging.root_type = 'customer'
            and hanging.stripe_account_id = roots.stripe_account_id
            and hanging.root_id = roots.{{ customer_id }}
            and hanging.read_at = roots.read_at

    union all

    select hanging.*
    from {{ discounts }} as hanging
    inner join {{ subscriptions }} as roots
        on
            hanging.root_type = 'subscription'
            and hanging.stripe_account_id = roots.stripe_account_id
            and hanging.root_id = roots.{{ subscription_id }}
            and hanging.read_at = roots.read_at
{%- endmacro %}
