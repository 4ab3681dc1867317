-- Grain: one account: the payment method that Stripe would charge, as far as it was read; null
-- where none is set.
with

customers_chosen as (

    select * from {{ ref('int_customers_chosen') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions_linked') }}

),

payment_methods as (

    select * from {{ ref('stg_stripe__payment_methods') }}

),

chosen as (

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

)

select
    chosen.*,
    payment_methods.payment_method_id is not null as is_read,
    payment_methods.type,
    payment_methods.card_exp_month,
    payment_methods.card_exp_year
from chosen
left join payment_methods using (stripe_account_id, payment_method_id)
