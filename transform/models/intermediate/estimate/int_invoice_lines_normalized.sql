-- Grain: one charge, a billed line that gives nothing back: what its item comes to in a year. Of a
-- proration, which is for a part of a period and rounded to the cent, the list price counts if it
-- gives that very amount, else the amount at its share of the period.
{{ config(materialized='view') }}
with

invoice_lines as (

    select * from {{ ref('int_billing_cycles_derived') }}

),

billing_intervals as (

    select * from {{ ref('billing_intervals') }}

),

charges as (

    select
        invoice_lines.*,
        billing_intervals.periods_per_year,
        {{ seconds_between('invoice_lines.period_start', 'invoice_lines.period_end') }}
            as billed_seconds,
        coalesce(
            {{ seconds_between('invoice_lines.cycle_start', 'invoice_lines.period_end') }},
            {{ integer_quotient(
                '31536000 * invoice_lines.interval_count', 'billing_intervals.periods_per_year'
            ) }}
        ) as cycle_seconds
    from invoice_lines
    inner join billing_intervals using (billing_interval)
    where not invoice_lines.is_credit

),

amounts as (

    select
        charges.*,
        case
            when is_proration
                then {{ share_of('net_amount', amount('cycle_seconds'), amount('billed_seconds')) }}
            else net_amount
        end as cycle_amount,
        case
            when is_proration
                then {{ share_of(
                    'list_amount', amount('billed_seconds'), amount('cycle_seconds')
                ) }}
        end as list_share,
        -- Stripe rounds to the cent; where no full charge ends with it, the cycle is a guess.
        case when cycle_start is null then net_amount * 0.05 else 1 end as list_tolerance
    from charges

),

whole_amounts as (

    select
        amounts.*,
        case
            when is_proration and abs(list_share - net_amount) <= list_tolerance then list_amount
            else cycle_amount
        end as whole_amount
    from amounts

)

select
    whole_amounts.*,
    {{ divide_exactly(amount('whole_amount * periods_per_year'), 'interval_count') }}
        as annual_amount
from whole_amounts
where {{ is_within_limit('whole_amount') }}
