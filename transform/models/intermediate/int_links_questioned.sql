-- Grain: issue, object. What belongs to something that was not read. A deleted customer is asked
-- about by itself.
with

customers_linked as (

    select * from {{ ref('int_customers_linked') }}

),

subscriptions_linked as (

    select * from {{ ref('int_subscriptions_linked') }}

),

invoices as (

    select * from {{ ref('stg_stripe__invoices') }}

),

unseen_customers as (

    select * from {{ ref('stg_stripe__unseen_customers') }}

),

subscription_items as (

    select * from {{ ref('stg_stripe__subscription_items') }}

)

select
    'unknown_customer' as issue,
    'subscription' as object,
    subscriptions_linked.subscription_id as object_id,
    cast(null as {{ text_type() }}) as account_id,
    subscriptions_linked.subscription_id,
    'customer' as field,
    'Customer ' || subscriptions_linked.customer_id || ' was not read.' as detail
from subscriptions_linked
left join customers_linked on subscriptions_linked.customer_id = customers_linked.customer_id
left join unseen_customers on subscriptions_linked.customer_id = unseen_customers.customer_id
where customers_linked.customer_id is null and unseen_customers.customer_id is null

union all

select
    'unknown_customer' as issue,
    'invoice' as object,
    invoices.invoice_id as object_id,
    null as account_id,
    invoices.subscription_id,
    'customer' as field,
    'Customer ' || coalesce(invoices.customer_id, 'null') || ' was not read.' as detail
from invoices
left join customers_linked on invoices.customer_id = customers_linked.customer_id
left join unseen_customers on invoices.customer_id = unseen_customers.customer_id
where customers_linked.customer_id is null and unseen_customers.customer_id is null

union all

select
    'orphan_item' as issue,
    'subscription_item' as object,
    subscription_items.subscription_item_id as object_id,
    null as account_id,
    subscription_items.subscription_id,
    'subscription' as field,
    'Subscription ' || subscription_items.subscription_id || ' was not read.' as detail
from subscription_items
left join subscriptions_linked
    on subscription_items.subscription_id = subscriptions_linked.subscription_id
where subscriptions_linked.subscription_id is null
