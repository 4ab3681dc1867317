-- Grain: issue, customer. Customers that were deleted before they were first read, and of which
-- something is left.
{{ config(materialized='view') }}
with

unseen_customers as (

    select * from {{ ref('stg_stripe__unseen_customers') }}

),

owned_objects as (

    select
        stripe_account_id,
        customer_id,
        1 as subscriptions,
        0 as invoices
    from {{ ref('int_subscriptions_linked') }}

    union all

    select
        stripe_account_id,
        customer_id,
        0 as subscriptions,
        1 as invoices
    from {{ ref('int_invoices_linked') }}

)

select
    'deleted_customer' as issue,
    'customer' as object,
    unseen_customers.customer_id as object_id,
    cast(null as {{ text_type() }}) as account_id,
    unseen_customers.stripe_account_id,
    unseen_customers.customer_id,
    cast(null as {{ text_type() }}) as subscription_id,
    'customer' as field,
    'Deleted before it was first read, so only its id is known; what is left of it ('
    || sum(owned_objects.subscriptions) || ' subscriptions, ' || sum(owned_objects.invoices)
    || ' invoices) is in no account.' as detail
from unseen_customers
inner join owned_objects using (stripe_account_id, customer_id)
group by unseen_customers.stripe_account_id, unseen_customers.customer_id
