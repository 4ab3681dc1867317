-- Grain: issue, object. What is left of customers that were deleted before they were first read:
-- their subscriptions and invoices are in no account. One cause for all of them.
{{ config(materialized='view') }}
with

unseen_customers as (

    select * from {{ ref('stg_stripe__unseen_customers') }}

),

owned_objects as (

    select
        'subscription' as object,
        subscription_id as object_id,
        stripe_account_id,
        customer_id,
        subscription_id
    from {{ ref('int_subscriptions_linked') }}

    union all

    select
        'invoice' as object,
        invoice_id as object_id,
        stripe_account_id,
        customer_id,
        subscription_id
    from {{ ref('int_invoices_linked') }}

)

select
    'deleted_customer' as issue,
    'customer' as object,
    cast(null as {{ text_type() }}) as object_id,
    'id' as field,
    'Deleted before it was first read, so only its id is known; what is left is in no account.'
        as detail,
    owned_objects.object as affected_object,
    owned_objects.object_id as affected_id,
    cast(null as {{ text_type() }}) as account_id,
    unseen_customers.stripe_account_id,
    unseen_customers.customer_id,
    owned_objects.subscription_id
from unseen_customers
inner join owned_objects using (stripe_account_id, customer_id)
