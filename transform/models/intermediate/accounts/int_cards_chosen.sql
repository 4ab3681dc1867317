-- Grain: one account whose charges go to a card: the card that Stripe would charge, and its last
-- day.
{{ config(materialized='view') }}
with

payment_methods_chosen as (

    select * from {{ ref('int_payment_methods_chosen') }}

)

select
    account_id,
    {{ last_day_of_month('card_exp_year', 'card_exp_month') }} as card_expiration
from payment_methods_chosen
where type = 'card' and card_exp_month between 1 and 12
