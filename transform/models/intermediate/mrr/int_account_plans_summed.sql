-- Grain: account, price, currency: MRR today of what the account has at that price, not rounded;
-- null where not known. Kept between builds, so that sums over all accounts need no other pass.
{{ config(materialized='kept', replaces='accounts') }}
with

mrr_steps_apportioned as (

    select * from {{ ref('int_mrr_steps_apportioned') }}

),

items_amounted as (

    select * from {{ ref('int_items_amounted') }}

),

plans as (

    select
        mrr_steps_apportioned.account_id,
        mrr_steps_apportioned.stripe_account_id,
        items_amounted.price_id,
        items_amounted.currency,
        min(items_amounted.plan_name) as plan_name,
        min(items_amounted.product_id) as product_id,
        min(items_amounted.product_name) as product_name,
        min(items_amounted.exponent) as exponent,
        {{ sum_of_known('mrr_steps_apportioned.monthly_amount') }} as monthly_amount
    from mrr_steps_apportioned
    inner join items_amounted using (stripe_account_id, subscription_id, subscription_item_id)
    where mrr_steps_apportioned.account_id is not null
    group by
        mrr_steps_apportioned.account_id,
        mrr_steps_apportioned.stripe_account_id,
        items_amounted.price_id,
        items_amounted.currency

)

select
    plans.*,
    -- One of an account's prices of a product is the first with MRR, one the first whose MRR is not
    -- known: so products count each account once.
    row_number() over (
        partition by
            account_id,
            stripe_account_id,
            product_id,
            currency,
            case when monthly_amount > 0 then 1 when monthly_amount is null then 2 else 3 end
        order by price_id
    ) as rank_in_product
from plans
