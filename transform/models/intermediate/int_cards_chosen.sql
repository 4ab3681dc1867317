-- Grain: one account whose charges go to a card: the card that Stripe would charge, and its last
-- day.
with

customers_chosen as (

    select * from {{ ref('int_customers_chosen') }}

),

subscriptions as (

    select * from {{ ref('stg_stripe__subscriptions') }}

),

payment_methods as (

    select * from {{ ref('stg_stripe__payment_methods') }}

),

chosen_payment_methods as (

    select
        customers_chosen.account_id,
        coalesce(
            subscriptions.default_payment_method_id,
            subscriptions.default_source_id,
            customers_chosen.default_payment_method_id,
            customers_chosen.default_source_id
        ) as payment_method_id
    from customers_chosen
    left join subscriptions
        on customers_chosen.subscription_id = subscriptions.subscription_id

)

select
    chosen_payment_methods.account_id,
    {{ last_day_of_month('payment_methods.card_exp_year', 'payment_methods.card_exp_month') }}
        as card_expiration
from chosen_payment_methods
inner join payment_methods
    on chosen_payment_methods.payment_method_id = payment_methods.payment_method_id
where payment_methods.type = 'card' and payment_methods.card_exp_month between 1 and 12
