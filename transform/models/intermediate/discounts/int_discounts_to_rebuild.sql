-- Grain: one discount to rebuild, where it still hangs: on a customer or subscription to rebuild,
-- or on an item.
{{ config(materialized='view') }}
{{ discounts_that_hang(
    ref('stg_stripe__landed_discounts'),
    ref('int_customers_linked'),
    ref('int_subscriptions_linked')
) }}
