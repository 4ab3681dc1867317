-- Grain: one charge whose unused time was given back: from when on. A credit at the very moment of
-- the charge takes it back if it names the same price and quantity; else it is for what was before.
-- Lines, and not charges: what they are worth says nothing here, and is costly to find out twice.
{{ config(materialized='view') }}
with

charges as (

    select * from {{ ref('int_invoice_lines_billed') }}
    where has_parts and not is_credit

),

credits as (

    select * from {{ ref('int_invoice_lines_billed') }}
    where is_credit

)

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
group by
    charges.stripe_account_id,
    charges.invoice_id,
    charges.item_id,
    charges.price_id,
    charges.is_proration,
    charges.period_start,
    charges.period_end
