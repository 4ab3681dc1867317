-- Grain: issue, object. What has no account, or perhaps the wrong one.
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

subscription_items as (

    select * from {{ ref('stg_stripe__subscription_items') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

similar_accounts as (

    select
        lower(account_id) as lower_account_id,
        min(account_id) as first_account_id,
        max(account_id) as last_account_id
    from customers_linked
    group by lower(account_id)
    having min(account_id) <> max(account_id)

)

select
    'unlinked_customer' as issue,
    'customer' as object,
    customers_linked.customer_id as object_id,
    customers_linked.account_id,
    cast(null as {{ dbt.type_string() }}) as subscription_id,
    'metadata.' || run_settings.account_id_metadata_key as field,
    'The key is absent or blank; the customer is in no account.' as detail
from customers_linked
cross join run_settings
where customers_linked.account_id is null

union all

select
    'ambiguous_link' as issue,
    'customer' as object,
    customers_linked.customer_id as object_id,
    customers_linked.account_id,
    null as subscription_id,
    'metadata.' || run_settings.account_id_metadata_key as field,
    'Account ids that differ in case alone: ' || similar_accounts.first_account_id
    || ' and ' || similar_accounts.last_account_id || '; they are taken as different accounts.'
        as detail
from customers_linked
cross join run_settings
inner join similar_accounts
    on lower(customers_linked.account_id) = similar_accounts.lower_account_id

union all

select
    'unknown_customer' as issue,
    'subscription' as object,
    subscriptions_linked.subscription_id as object_id,
    null as account_id,
    subscriptions_linked.subscription_id,
    'customer' as field,
    'Customer ' || subscriptions_linked.customer_id || ' was not read.' as detail
from subscriptions_linked
left join customers_linked on subscriptions_linked.customer_id = customers_linked.customer_id
where customers_linked.customer_id is null

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
where customers_linked.customer_id is null

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
