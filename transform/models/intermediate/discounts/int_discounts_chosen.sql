-- Grain: holder: a subscription, or a customer without any. The discount that the holder's traits
-- show: the subscription's first that has not ended, else an item's, else the customer's. Its
-- amount is in the subscription's currency, where the coupon has one in it; else in the coupon's.
with

discounts_denominated as (

    select * from {{ ref('int_discounts_denominated') }}

),

discounts_valued as (

    select * from {{ ref('int_discounts_valued') }}

),

currency_exponents as (

    select * from {{ ref('currency_exponents') }}

),

candidates as (

    select
        stripe_account_id,
        subscription_id as holder_id,
        discount_key,
        case scope when 'subscription' then 1 when 'item' then 2 else 3 end as scope_rank,
        item_position,
        discount_position,
        coalesce(denominated_amount_off, amount_off) as amount_off,
        case when denominated_amount_off is null then coupon_currency else currency end as currency
    from discounts_denominated

    union all

    select
        stripe_account_id,
        owner_id as holder_id,
        discount_key,
        3 as scope_rank,
        null as item_position,
        1 as discount_position,
        amount_off,
        coupon_currency as currency
    from discounts_valued
    where owner_type = 'customer' and not is_ended

),

ranked_candidates as (

    select
        stripe_account_id,
        holder_id,
        discount_key,
        amount_off,
        currency,
        row_number() over (
            partition by stripe_account_id, holder_id
            order by scope_rank, item_position nulls last, discount_position, discount_key
        ) as rank_of_holder
    from candidates

)

select
    ranked_candidates.stripe_account_id,
    ranked_candidates.holder_id,
    discounts_valued.discount_id,
    discounts_valued.coupon_name as discount_name,
    discounts_valued.percent_off as discount_percent_off,
    {{ major('ranked_candidates.amount_off', 'coalesce(currency_exponents.exponent, 2)') }}
        as discount_amount_off,
    case
        when discounts_valued.duration = 'repeating' then discounts_valued.duration_in_months
    end as discount_duration_in_months
from ranked_candidates
inner join discounts_valued using (stripe_account_id, discount_key)
left join currency_exponents on ranked_candidates.currency = currency_exponents.currency
where ranked_candidates.rank_of_holder = 1
