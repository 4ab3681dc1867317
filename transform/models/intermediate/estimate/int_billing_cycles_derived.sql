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

item_cycles as (

    select * from {{ ref('int_item_cycles_measured') }}

),

period_cycles as (

    select * from {{ ref('int_period_cycles_measured') }}

),

cycles as (

    select
        invoice_lines.*,
        prices.recurring_interval,
        prices.recurring_interval_count,
        period_cycles.cycle_start,
        case
            when
                invoice_lines.is_proration
                and prices.billing_scheme <> 'tiered'
                and prices.transform_divide_by is null
                and prices.currency = invoice_lines.currency
                and {{ is_computable(['prices.unit_amount', 'invoice_lines.quantity']) }}
                then {{ amount('prices.unit_amount * invoice_lines.quantity') }}
        end as list_amount,
        case when invoice_lines.has_parts then coalesce(
            case
                when not invoice_lines.is_proration
                    then {{ calendar_months(
                        'invoice_lines.period_start', 'invoice_lines.period_end'
                    ) }}
            end,
            item_cycles.whole_months,
            period_cycles.whole_months
        ) end as whole_months,
        case when invoice_lines.has_parts then coalesce(
            case
                when invoice_lines.is_proration
                    then coalesce(item_cycles.whole_days, period_cycles.whole_days)
            end,
            greatest({{ days_between(
                'invoice_lines.period_start', 'invoice_lines.period_end'
            ) }}, 1)
        ) end as whole_days
    from invoice_lines
    left join prices using (stripe_account_id, price_id)
    left join item_cycles
        on
            invoice_lines.stripe_account_id = item_cycles.stripe_account_id
            and invoice_lines.subscription_id = item_cycles.subscription_id
            and invoice_lines.item_id = item_cycles.item_id
            and invoice_lines.price_id is not distinct from item_cycles.price_id
    left join period_cycles
        on
            invoice_lines.stripe_account_id = period_cycles.stripe_account_id
            and invoice_lines.subscription_id = period_cycles.subscription_id
            and invoice_lines.period_end = period_cycles.period_end

)

select
    cycles.*,
    coalesce(
        recurring_interval,
        case
            when whole_months is not null then 'month'
            when whole_days % 7 = 0 then 'week'
            else 'day'
        end
    ) as billing_interval,
    coalesce(
        recurring_interval_count,
        whole_months,
        case
            when whole_days % 7 = 0 then {{ integer_quotient('whole_days', 7) }}
            else whole_days
        end
    ) as interval_count
from cycles
