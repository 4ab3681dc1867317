-- Grain: one account whose charges go to a card: the card that Stripe would charge, and its last
-- day.
{{ config(materialized='view') }}
with

payment_methods_chosen as (

    select * from {{ ref('int_payment_methods_chosen') }}

),

payment_methods as (

    select * from {{ ref('stg_stripe__payment_methods') }}

)

select
    payment_methods_chosen.account_id,
    {{ last_day_of_month('payment_methods.card_exp_year', 'payment_methods.card_exp_month') }}
        as card_expiration
from payment_methods_chosen
inner join payment_methods using (stripe_account_id, payment_method_id)
where payment_methods.type = 'card' and payment_methods.card_exp_month between 1 and 12
