-- Grain: one account: the payment method that Stripe would charge; null where none is set.
with

customers_chosen as (

    select * from {{ ref('int_customers_chosen') }}

),

subscriptions as (

    select * from {{ ref('stg_stripe__subscriptions') }}

)

select
    customers_chosen.account_id,
    customers_chosen.stripe_account_id,
    customers_chosen.customer_id,
    coalesce(
        subscriptions.default_payment_method_id,
        subscriptions.default_source_id,
        customers_chosen.default_payment_method_id,
        customers_chosen.default_source_id
    ) as payment_method_id
from customers_chosen
left join subscriptions using (stripe_account_id, subscription_id)
