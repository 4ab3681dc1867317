-- Grain: one line of a paid invoice that discounts were taken off: how much of that counts for MRR,
-- as `mrr_discount_durations` says. A discount of unknown duration counts, as it does today.
{{ config(materialized='view') }}
with

invoice_lines as (

    select * from {{ ref('stg_stripe__invoice_lines') }}

),

invoiced_discounts as (

    select * from {{ ref('stg_stripe__invoiced_discounts') }}

),

landed_discounts as (

    select * from {{ ref('stg_stripe__landed_discounts') }}

),

coupons_recovered as (

    select * from {{ ref('int_coupons_recovered') }}

),

mrr_discount_durations as (

    select * from {{ ref('mrr_discount_durations') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

reductions as (

    select
        stripe_account_id,
        invoice_line_id,
        {{ discounts_of_json('discount_amounts') }} as reduction
    from invoice_lines
    where discount_amount <> 0

),

-- One discount can hang on several items.
durations as (

    select
        reductions.stripe_account_id,
        reductions.invoice_line_id,
        reductions.reduction.discount as discount_id,
        reductions.reduction.amount as discount_amount,
        min(coalesce(landed_discounts.duration, coupons_recovered.duration)) as duration
    from reductions
    left join invoiced_discounts
        on
            reductions.stripe_account_id = invoiced_discounts.stripe_account_id
            and reductions.reduction.discount = invoiced_discounts.discount_id
    left join landed_discounts
        on
            reductions.stripe_account_id = landed_discounts.stripe_account_id
            and reductions.reduction.discount = landed_discounts.discount_id
    left join coupons_recovered
        on
            reductions.stripe_account_id = coupons_recovered.stripe_account_id
            and coalesce(invoiced_discounts.coupon_id, landed_discounts.coupon_id)
            = coupons_recovered.coupon_id
    group by
        reductions.stripe_account_id,
        reductions.invoice_line_id,
        reductions.reduction.discount,
        reductions.reduction.amount

)

select
    durations.stripe_account_id,
    durations.invoice_line_id,
    sum(case
        when durations.duration is null or mrr_discount_durations.duration is not null
            then durations.discount_amount
        else 0
    end) as discount_amount
from durations
cross join run_settings
left join mrr_discount_durations
    on
        run_settings.mrr_discount_durations = mrr_discount_durations.setting
        and durations.duration = mrr_discount_durations.duration
group by durations.stripe_account_id, durations.invoice_line_id
