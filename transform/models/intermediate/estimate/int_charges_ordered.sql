-- Grain: item, moment from which it was charged anew: what it comes to in a year from then on,
-- until when it is paid, when unused time was given back, and when it was charged the next time.
with

charges as (

    select * from {{ ref('int_charges_valued') }}

),

charges_credited as (

    select * from {{ ref('int_charges_credited') }}

),

-- What is charged twice from one moment on was changed then: the last charge counts, and none that
-- was given back at once. It comes last of its moment, so that one order tells all that is asked.
neighbours as (

    select
        charges.*,
        charges_credited.credited_at,
        lead(charges.period_start) over item_charges as next_start,
        first_value(charges.period_start) over item_charges as item_start
    from charges
    left join charges_credited
        using (
            stripe_account_id, invoice_id, item_id, price_id, is_proration, period_start, period_end
        )
    window
        item_charges as (
            partition by charges.stripe_account_id, charges.subscription_id, charges.item_id
            order by
                charges.period_start,
                case when charges_credited.credited_at = charges.period_start then 0 else 1 end,
                charges.invoiced_at nulls first,
                charges.is_proration nulls first,
                charges.position nulls first,
                charges.invoice_id nulls first
        )

)

select
    stripe_account_id,
    subscription_id,
    customer_id,
    account_id,
    item_id,
    currency,
    is_proration,
    billing_interval,
    interval_count,
    annual_amount,
    period_start,
    period_end,
    credited_at,
    next_start,
    item_start
from neighbours
where next_start is distinct from period_start
