-- Grain: one customer to rebuild, with the account (null is unlinked).
with

customers_changed as (

    select * from {{ ref('int_customers_changed') }}

),

customers as (

    select * from {{ ref('stg_stripe__customers') }}

)

select
    customers_changed.account_id,
    customers.*,
    {{ map_of_json('customers.metadata_json') }} as metadata
from customers
inner join customers_changed using (stripe_account_id, customer_id)
