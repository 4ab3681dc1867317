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
-- was given back at once.
ranked_charges as (

    select
        charges.*,
        charges_credited.credited_at,
        row_number() over (
            partition by
                charges.stripe_account_id,
                charges.subscription_id,
                charges.item_id,
                charges.period_start
            order by
                case when charges_credited.credited_at = charges.period_start then 1 else 0 end,
                charges.invoiced_at desc,
                charges.is_proration desc,
                charges.position desc,
                charges.invoice_id desc
        ) as rank_of_moment
    from charges
    left join charges_credited
        using (
            stripe_account_id, invoice_id, item_id, price_id, is_proration, period_start, period_end
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
    lead(period_start) over (
        partition by stripe_account_id, subscription_id, item_id order by period_start
    ) as next_start,
    min(period_start) over (
        partition by stripe_account_id, subscription_id, item_id
    ) as item_start
from ranked_charges
where rank_of_moment = 1
