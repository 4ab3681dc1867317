-- Grain: issue, object. What belongs to something that was not read. A deleted customer is asked
-- about by itself.
{{ config(materialized='view') }}
with

customers_linked as (

    select * from {{ ref('int_customers_linked') }}

),

subscriptions_linked as (

    select * from {{ ref('int_subscriptions_linked') }}

),

invoices as (

    select * from {{ ref('int_invoices_linked') }}

),

unseen_customers as (

    select * from {{ ref('stg_stripe__unseen_customers') }}

),

items_orphaned as (

    select * from {{ ref('int_items_orphaned') }}

),

owned_objects as (

    select
        'subscription' as object,
        subscription_id as object_id,
        account_id,
        stripe_account_id,
        customer_id,
        subscription_id
    from subscriptions_linked

    union all

    select
        'invoice' as object,
        invoice_id as object_id,
        account_id,
        stripe_account_id,
        customer_id,
        subscription_id
    from invoices

)

select
    'unknown_customer' as issue,
    'customer' as object,
    owned_objects.customer_id as object_id,
    'id' as field,
    'Customer ' || coalesce(owned_objects.customer_id, 'null')
    || ' was not read; what it owns is in no account.' as detail,
    owned_objects.object as affected_object,
    owned_objects.object_id as affected_id,
    owned_objects.account_id,
    owned_objects.stripe_account_id,
    owned_objects.customer_id,
    owned_objects.subscription_id
from owned_objects
left join customers_linked using (stripe_account_id, customer_id)
left join unseen_customers using (stripe_account_id, customer_id)
where customers_linked.customer_id is null and unseen_customers.customer_id is null

union all

select
    'orphan_item' as issue,
    'subscription' as object,
    subscription_id as object_id,
    'id' as field,
    'Subscription ' || subscription_id || ' was not read; its items count nowhere.' as detail,
    'subscription_item' as affected_object,
    subscription_item_id as affected_id,
    null as account_id,
    stripe_account_id,
    null as customer_id,
    subscription_id
from items_orphaned
