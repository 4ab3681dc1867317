-- Grain: one subscription with a discount that has not ended: the one that its traits show. The
-- subscription's first, else an item's, else the customer's.
with

discounts_attached as (

    select * from {{ ref('int_discounts_attached') }}

),

ranked_discounts as (

    select
        discounts_attached.*,
        row_number() over (
            partition by subscription_id
            order by
                case scope when 'subscription' then 1 when 'item' then 2 else 3 end,
                item_position,
                discount_position
        ) as rank_in_subscription
    from discounts_attached

)

select
    ranked_discounts.subscription_id,
    ranked_discounts.discount_id,
    ranked_discounts.coupon_name as discount_name,
    ranked_discounts.percent_off as discount_percent_off,
    ranked_discounts.amount_off as discount_amount_off,
    ranked_discounts.coupon_currency,
    case
        when ranked_discounts.duration = 'repeating' then ranked_discounts.duration_in_months
    end as discount_duration_in_months
from ranked_discounts
where rank_in_subscription = 1
