-- Grain: one charge: what its item comes to in a year, by what is known best. A proration is worth
-- what the item's next full charge for the same is, or what it counts for today. What differs from
-- today's amount by no more than the cent to which an invoice is rounded is today's amount.
{{ config(materialized='view') }}
with

charges as (

    select * from {{ ref('int_invoice_lines_normalized') }}

),

item_amounts_current as (

    select * from {{ ref('int_item_amounts_current') }}

),

-- Full charges are counted from the last one back, so that a proration has the next one's number.
numbered_charges as (

    select
        charges.*,
        count(case when not is_proration then 1 end) over (
            partition by stripe_account_id, subscription_id, item_id, price_id, quantity
            order by period_start desc
        ) as full_charge_number
    from charges
    where has_parts

),

full_charges as (

    select
        numbered_charges.*,
        max(case when not is_proration then annual_amount end) over (
            partition by
                stripe_account_id, subscription_id, item_id, price_id, quantity, full_charge_number
        ) as full_annual_amount
    from numbered_charges

    union all

    select
        charges.*,
        cast(null as bigint) as full_charge_number,
        {{ amount('null') }} as full_annual_amount
    from charges
    where not has_parts

),

known_amounts as (

    select
        full_charges.*,
        item_amounts_current.annual_amount as current_annual_amount,
        case
            when full_charges.is_proration
                then coalesce(
                    full_charges.full_annual_amount,
                    item_amounts_current.annual_amount,
                    full_charges.annual_amount
                )
            else full_charges.annual_amount
        end as known_annual_amount
    from full_charges
    left join item_amounts_current using (stripe_account_id, item_id, price_id, quantity)

)

select
    stripe_account_id,
    subscription_id,
    customer_id,
    account_id,
    invoice_id,
    invoiced_at,
    position,
    item_id,
    price_id,
    quantity,
    currency,
    is_proration,
    billing_interval,
    interval_count,
    period_start,
    period_end,
    case
        when
            abs(current_annual_amount - known_annual_amount) * interval_count <= periods_per_year
            then current_annual_amount
        else known_annual_amount
    end as annual_amount
from known_amounts
