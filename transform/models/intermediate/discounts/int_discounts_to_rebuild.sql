-- Grain: one discount to rebuild, where it still hangs: on a customer or subscription to rebuild,
-- or on an item.
{{ config(materialized='view') }}
with

customers_linked as (

    select * from {{ ref('int_customers_linked') }}

),

subscriptions_linked as (

    select * from {{ ref('int_subscriptions_linked') }}

)

-- Those of the last read of what they hang on. The discounts are named anew in each branch: a CTE
-- that several read is written out whole before they begin.
select discounts.*
from {{ ref('stg_stripe__landed_discounts') }} as discounts
inner join customers_linked
    on
        discounts.root_type = 'customer'
        and discounts.stripe_account_id = customers_linked.stripe_account_id
        and discounts.root_id = customers_linked.customer_id
        and discounts.read_at = customers_linked.read_at

union all

select discounts.*
from {{ ref('stg_stripe__landed_discounts') }} as discounts
inner join subscriptions_linked
    on
        discounts.root_type = 'subscription'
        and discounts.stripe_account_id = subscriptions_linked.stripe_account_id
        and discounts.root_id = subscriptions_linked.subscription_id
        and discounts.read_at = subscriptions_linked.read_at
