-- Grain: one billed line, with the interval that its amount is for: that of its price. Where the
-- price is not landed, the calendar steps of its period; a proration, which is for a part of one,
-- goes by the item's other lines of that price, else by what else is billed until the same moment.
{{ config(materialized='view') }}
with

invoice_lines as (

    select * from {{ ref('int_invoice_lines_billed') }}

),

prices as (

    select * from {{ ref('stg_stripe__prices') }}

),

steps as (

    select
        invoice_lines.*,
        prices.recurring_interval,
        prices.recurring_interval_count,
        case
            when
                prices.billing_scheme <> 'tiered'
                and prices.transform_divide_by is null
                and prices.currency = invoice_lines.currency
                and {{ is_computable(['prices.unit_amount', 'invoice_lines.quantity']) }}
                then {{ amount('prices.unit_amount * invoice_lines.quantity') }}
        end as list_amount,
        case
            when not invoice_lines.is_proration
                then {{ calendar_months('period_start', 'period_end') }}
        end as whole_months,
        case
            when not invoice_lines.is_proration
                then greatest({{ days_between('period_start', 'period_end') }}, 1)
        end as whole_days
    from invoice_lines
    left join prices using (stripe_account_id, price_id)

),

neighbours as (

    select
        steps.*,
        {% for length in ['whole_months', 'whole_days'] %}
        coalesce(
            {{ length }},
            max({{ length }}) over (
                partition by stripe_account_id, subscription_id, item_id, price_id
            ),
            max({{ length }}) over (partition by stripe_account_id, subscription_id, period_end)
        ) as {{ length }}_of_cycle,
        {% endfor %}
        min(case when not is_proration then period_start end) over (
            partition by stripe_account_id, subscription_id, period_end
        ) as cycle_start
    from steps

),

lengths as (

    select
        neighbours.*,
        coalesce(
            whole_days_of_cycle, greatest({{ days_between('period_start', 'period_end') }}, 1)
        ) as days_of_cycle
    from neighbours

)

select
    lengths.*,
    coalesce(
        recurring_interval,
        case
            when whole_months_of_cycle is not null then 'month'
            when days_of_cycle % 7 = 0 then 'week'
            else 'day'
        end
    ) as billing_interval,
    coalesce(
        recurring_interval_count,
        whole_months_of_cycle,
        case
            when days_of_cycle % 7 = 0 then {{ integer_quotient('days_of_cycle', 7) }}
            else days_of_cycle
        end
    ) as interval_count
from lengths
