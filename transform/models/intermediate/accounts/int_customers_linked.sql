-- Grain: one customer to rebuild, with the account (null is unlinked).
with

customers_to_rebuild as (

    select * from {{ ref('int_customers_to_rebuild') }}

),

customers as (

    select * from {{ ref('stg_stripe__customers') }}

)

select
    customers_to_rebuild.account_id,
    customers.*,
    {{ map_of_json('customers.metadata_json') }} as metadata
from customers
inner join customers_to_rebuild using (stripe_account_id, customer_id)
