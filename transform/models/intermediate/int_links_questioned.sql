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

subscriptions as (

    select * from {{ ref('stg_stripe__subscriptions') }}

),

subscription_items as (

    select * from {{ ref('stg_stripe__subscription_items') }}

)

select
    'unknown_customer' as issue,
    'subscription' as object,
    subscriptions_linked.subscription_id as object_id,
    subscriptions_linked.account_id,
    subscriptions_linked.stripe_account_id,
    subscriptions_linked.customer_id,
    subscriptions_linked.subscription_id,
    'customer' as field,
    'Customer ' || subscriptions_linked.customer_id || ' was not read.' as detail
from subscriptions_linked
left join customers_linked using (stripe_account_id, customer_id)
left join unseen_customers using (stripe_account_id, customer_id)
where customers_linked.customer_id is null and unseen_customers.customer_id is null

union all

select
    'unknown_customer' as issue,
    'invoice' as object,
    invoices.invoice_id as object_id,
    invoices.account_id,
    invoices.stripe_account_id,
    invoices.customer_id,
    invoices.subscription_id,
    'customer' as field,
    'Customer ' || coalesce(invoices.customer_id, 'null') || ' was not read.' as detail
from invoices
left join customers_linked using (stripe_account_id, customer_id)
left join unseen_customers using (stripe_account_id, customer_id)
where customers_linked.customer_id is null and unseen_customers.customer_id is null

union all

select
    'orphan_item' as issue,
    'subscription_item' as object,
    subscription_items.subscription_item_id as object_id,
    null as account_id,
    subscription_items.stripe_account_id,
    null as customer_id,
    subscription_items.subscription_id,
    'subscription' as field,
    'Subscription ' || subscription_items.subscription_id || ' was not read.' as detail
from subscription_items
left join subscriptions using (stripe_account_id, subscription_id)
where subscriptions.subscription_id is null
