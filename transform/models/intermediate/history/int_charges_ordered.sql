-- Grain: item, moment from which it was charged anew: what it comes to in a year from then on, until
-- when it is paid, when its unused time was given back, and when it was charged the next time.
with

charges as (

    select * from {{ ref('int_invoice_lines_normalized') }}

),

credits as (

    select * from {{ ref('int_invoice_lines_billed') }}
    where is_credit

),

credited_charges as (

    select
        charges.stripe_account_id,
        charges.invoice_id,
        charges.item_id,
        charges.price_id,
        charges.is_proration,
        charges.period_start,
        charges.period_end,
        min(credits.period_start) as credited_at
    from charges
    inner join credits
        on
            charges.stripe_account_id = credits.stripe_account_id
            and charges.subscription_id = credits.subscription_id
            and charges.item_id = credits.item_id
            and charges.period_end > credits.period_start
            and (
                charges.period_start < credits.period_start
                or (
                    charges.period_start = credits.period_start
                    and charges.price_id = credits.price_id
                    and charges.quantity = credits.quantity
                )
            )
    group by 1, 2, 3, 4, 5, 6, 7

),

-- What is charged twice from one moment on was changed then: the last charge counts.
ranked_charges as (

    select
        charges.*,
        credited_charges.credited_at,
        row_number() over (
            partition by
                charges.stripe_account_id,
                charges.subscription_id,
                charges.item_id,
                charges.period_start
            order by
                charges.invoiced_at desc,
                charges.is_proration desc,
                charges.position desc,
                charges.invoice_id desc
        ) as rank_of_moment
    from charges
    left join credited_charges
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
