-- Grain: one account: all of its customers at Stripe, oldest first.
{{ config(materialized='view') }}
with

customers_linked as (

    select * from {{ ref('int_customers_linked') }}

)

select
    account_id,
    {{ array_in_order('customer_id', 'created, customer_id, stripe_account_id') }} as customer_ids
from customers_linked
where account_id is not null
group by account_id
