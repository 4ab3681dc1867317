-- Grain: issue, account. Payment methods that Stripe would charge and that were never read.
{{ config(materialized='view') }}
with

payment_methods_chosen as (

    select * from {{ ref('int_payment_methods_chosen') }}

)

select
    'unknown_payment_method' as issue,
    'payment_method' as object,
    payment_method_id as object_id,
    'id' as field,
    'Payment method ' || payment_method_id || ' was not read; card_expiration is null.' as detail,
    'customer' as affected_object,
    customer_id as affected_id,
    account_id,
    stripe_account_id,
    customer_id,
    cast(null as {{ text_type() }}) as subscription_id
from payment_methods_chosen
where payment_method_id is not null and not is_read
