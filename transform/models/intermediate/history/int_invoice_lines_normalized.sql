-- Grain: one charge, a billed line that gives nothing back: what its item comes to in a year. A
-- proration is rounded to the cent and is for a part of a period, so it goes by what is known whole:
-- the item's next full charge for the same, today's amount, the list price; else by its share.
with

invoice_lines as (

    select * from {{ ref('int_billing_cycles_derived') }}

),

item_amounts_current as (

    select * from {{ ref('int_item_amounts_current') }}

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
        -- Counts full charges from the last one back: a proration shares the number of the next.
        count(case when not is_proration then 1 end) over (
            partition by stripe_account_id, subscription_id, item_id, price_id, quantity
            order by period_start desc
        ) as full_charge_number
    from charges

),

annual_amounts as (

    select
        amounts.*,
        {{ divide_exactly(amount('cycle_amount * periods_per_year'), 'interval_count') }}
            as own_annual_amount,
        {{ divide_exactly(amount('list_amount * periods_per_year'), 'interval_count') }}
            as list_annual_amount
    from amounts

),

full_charges as (

    select
        annual_amounts.*,
        max(case when not is_proration then own_annual_amount end) over (
            partition by
                stripe_account_id, subscription_id, item_id, price_id, quantity, full_charge_number
        ) as next_annual_amount
    from annual_amounts

)

select
    full_charges.*,
    case
        when not is_proration then own_annual_amount
        when next_annual_amount is not null then next_annual_amount
        when item_amounts_current.annual_amount is not null then item_amounts_current.annual_amount
        when abs(list_annual_amount - own_annual_amount) * 20 <= list_annual_amount
            then list_annual_amount
        else own_annual_amount
    end as annual_amount
from full_charges
left join item_amounts_current using (stripe_account_id, item_id, price_id, quantity)
