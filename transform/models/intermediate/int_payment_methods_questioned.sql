-- Grain: issue, customer. Payment methods that Stripe would charge and that were never read.
{{ config(materialized='view') }}
with

payment_methods_chosen as (

    select * from {{ ref('int_payment_methods_chosen') }}

),

payment_methods as (

    select * from {{ ref('stg_stripe__payment_methods') }}

)

select
    'unknown_payment_method' as issue,
    'customer' as object,
    payment_methods_chosen.customer_id as object_id,
    payment_methods_chosen.account_id,
    payment_methods_chosen.stripe_account_id,
    payment_methods_chosen.customer_id,
    cast(null as {{ text_type() }}) as subscription_id,
    'payment_method' as field,
    'Payment method ' || payment_methods_chosen.payment_method_id
    || ' was not read; card_expiration is null.' as detail
from payment_methods_chosen
left join payment_methods using (stripe_account_id, payment_method_id)
where
    payment_methods_chosen.payment_method_id is not null
    and payment_methods.payment_method_id is null
