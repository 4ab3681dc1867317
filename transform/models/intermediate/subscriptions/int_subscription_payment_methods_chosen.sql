-- Grain: one subscription: the payment method that Stripe would charge for it, as far as it was
-- read; null where none is set.
{{ config(materialized='view') }}
with

subscriptions_linked as (

    select * from {{ ref('int_subscriptions_linked') }}

),

customers_linked as (

    select * from {{ ref('int_customers_linked') }}

),

payment_methods as (

    select * from {{ ref('stg_stripe__payment_methods') }}

),

chosen as (

    select
        subscriptions_linked.stripe_account_id,
        subscriptions_linked.subscription_id,
        coalesce(
            subscriptions_linked.default_payment_method_id,
            subscriptions_linked.default_source_id,
            customers_linked.default_payment_method_id,
            customers_linked.default_source_id
        ) as payment_method_id
    from subscriptions_linked
    left join customers_linked using (stripe_account_id, customer_id)

)

select
    chosen.stripe_account_id,
    chosen.subscription_id,
    chosen.payment_method_id,
    case
        when payment_methods.type = 'card' and payment_methods.card_exp_month between 1 and 12
            then {{ last_day_of_month(
                'payment_methods.card_exp_year', 'payment_methods.card_exp_month'
            ) }}
    end as card_expiration
from chosen
left join payment_methods using (stripe_account_id, payment_method_id)
