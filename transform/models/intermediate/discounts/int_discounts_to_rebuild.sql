-- Grain: one discount to rebuild: of a customer or of a subscription to rebuild.
{{ config(materialized='view') }}
with

customers_to_rebuild as (

    select * from {{ ref('int_customers_to_rebuild') }}

),

subscriptions_linked as (

    select * from {{ ref('int_subscriptions_linked') }}

)

select discounts.*
from {{ ref('stg_stripe__discounts') }} as discounts
inner join customers_to_rebuild
    on
        discounts.owner_type = 'customer'
        and discounts.stripe_account_id = customers_to_rebuild.stripe_account_id
        and discounts.root_id = customers_to_rebuild.customer_id

union all

select discounts.*
from {{ ref('stg_stripe__discounts') }} as discounts
inner join subscriptions_linked
    on
        discounts.owner_type <> 'customer'
        and discounts.stripe_account_id = subscriptions_linked.stripe_account_id
        and discounts.root_id = subscriptions_linked.subscription_id
