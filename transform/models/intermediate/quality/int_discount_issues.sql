-- Grain: issue, discount, subscription. Discounts that cannot be applied as Stripe says; one that
-- hangs on several items is one row. The cause is the coupon.
{{ config(materialized='view') }}
with

discounts_denominated as (

    select * from {{ ref('int_discounts_denominated') }}

),

subscriptions_classified as (

    select * from {{ ref('int_subscriptions_classified') }}

),

questions as (

    select
        discounts_denominated.discount_id,
        discounts_denominated.coupon_id,
        discounts_denominated.coupon_currency,
        subscriptions_classified.stripe_account_id,
        subscriptions_classified.customer_id,
        subscriptions_classified.subscription_id,
        subscriptions_classified.account_id,
        subscriptions_classified.currency,
        case
            when
                discounts_denominated.percent_off is null
                and discounts_denominated.amount_off is null
                then 'unknown_coupon'
            when
                discounts_denominated.amount_off is not null
                and discounts_denominated.denominated_amount_off is null
                then 'coupon_currency_mismatch'
            when not discounts_denominated.is_coupon_read then 'coupon_scope_unknown'
        end as issue
    from discounts_denominated
    inner join subscriptions_classified using (stripe_account_id, subscription_id)
    where discounts_denominated.is_counted_duration

)

select
    issue,
    'coupon' as object,
    coupon_id as object_id,
    case issue
        when 'unknown_coupon' then 'id'
        when 'coupon_scope_unknown' then 'applies_to'
        else 'currency_options.' || currency
    end as field,
    'Coupon ' || coupon_id || case issue
        when 'unknown_coupon' then ' was not read; the net amount of the subscription is null.'
        when 'coupon_scope_unknown'
            then ' was not read, so what it applies to is not known; the net amount is null.'
        else
            ' takes off ' || coalesce(coupon_currency, 'an amount of no currency')
            || ', the subscription bills ' || currency || '; the discount is ignored.'
    end as detail,
    'discount' as affected_object,
    discount_id as affected_id,
    min(account_id) as account_id,
    stripe_account_id,
    min(customer_id) as customer_id,
    subscription_id
from questions
where issue is not null
group by
    issue, stripe_account_id, coupon_id, coupon_currency, currency, discount_id, subscription_id
