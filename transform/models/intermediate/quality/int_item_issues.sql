-- Grain: issue, item. Items whose amount is not known; it is null, and so is every sum with it. The
-- cause is the price, or the item where it is the quantity that is too much.
{{ config(materialized='view') }}
with

items_amounted as (

    select * from {{ ref('int_items_amounted') }}

),

subscriptions_classified as (

    select * from {{ ref('int_subscriptions_classified') }}

),

questions as (

    select
        items_amounted.*,
        case
            when not has_price then 'unknown_price'
            when annual_amount is not null then null
            when has_amount and (amount is null or periods_per_year is not null)
                then 'amount_too_large'
            when amount is not null then 'missing_interval'
            when not is_own_currency then 'missing_currency_option'
            when is_tiered then 'missing_tiers'
            else 'missing_unit_amount'
        end as issue
    from items_amounted

)

select
    questions.issue,
    case questions.issue when 'amount_too_large' then 'subscription_item' else 'price' end
        as object,
    case questions.issue
        when 'amount_too_large' then questions.subscription_item_id
        else questions.price_id
    end as object_id,
    case questions.issue
        when 'unknown_price' then 'id'
        when 'amount_too_large' then 'quantity'
        when 'missing_currency_option' then 'currency_options.' || questions.currency
        when 'missing_tiers' then 'tiers'
        when 'missing_interval' then 'recurring'
        else 'unit_amount'
    end as field,
    'Price ' || questions.price_id || case questions.issue
        when 'unknown_price' then ' was not read'
        when 'amount_too_large'
            then ' times a quantity of ' || questions.quantity || ' is more than can be counted'
        when 'missing_currency_option' then ' has no amount in ' || questions.currency
        when 'missing_tiers' then ' has no tier for the quantity of an item'
        when 'missing_interval' then ' has no billing interval'
        else ' has no unit amount'
    end || '; the amount of the item is null.' as detail,
    'subscription_item' as affected_object,
    questions.subscription_item_id as affected_id,
    subscriptions_classified.account_id,
    subscriptions_classified.stripe_account_id,
    subscriptions_classified.customer_id,
    questions.subscription_id
from questions
inner join subscriptions_classified using (stripe_account_id, subscription_id)
where questions.issue is not null
