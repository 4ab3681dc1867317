-- Grain: one customer to rebuild, with the account (null is unlinked). Metadata may be long: it is
-- read where it is shown.
with

customers_to_rebuild as (

    select * from {{ ref('int_customers_to_rebuild') }}

),

customers as (

    select * from {{ named_rows(
        ref('stg_stripe__customers'), 'customer_id', ref('int_customers_to_rebuild')
    ) }}

)

select
    customers_to_rebuild.account_id,
    customers.stripe_account_id,
    customers.customer_id,
    customers.created,
    customers.name,
    customers.email,
    customers.balance,
    customers.currency,
    customers.delinquent,
    customers.default_payment_method_id,
    customers.default_source_id,
    customers.is_deleted,
    customers.deleted_at,
    customers.read_at
from customers
inner join customers_to_rebuild using (stripe_account_id, customer_id)
