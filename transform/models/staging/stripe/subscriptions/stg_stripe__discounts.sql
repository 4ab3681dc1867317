-- Grain: one discount where it still hangs: on its customer, subscription or subscription item.
{{ discounts_that_hang(
    ref('stg_stripe__landed_discounts'),
    source('stripe', 'customers'),
    source('stripe', 'subscriptions'),
    customer_id='id',
    subscription_id='id'
) }}
