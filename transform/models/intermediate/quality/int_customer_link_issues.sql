-- Grain: issue, customer. Customers without an account, or perhaps with the wrong one. All without
-- one have one cause: the key that they do not carry.
{{ config(materialized='view') }}
with

customers_linked as (

    select * from {{ ref('int_customers_linked') }}

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
    cast(null as {{ text_type() }}) as object_id,
    'metadata.' || run_settings.account_id_metadata_key as field,
    'The key is absent or blank; the customer is in no account.' as detail,
    'customer' as affected_object,
    customers_linked.customer_id as affected_id,
    customers_linked.account_id,
    customers_linked.stripe_account_id,
    customers_linked.customer_id,
    cast(null as {{ text_type() }}) as subscription_id
from customers_linked
cross join run_settings
where customers_linked.account_id is null

union all

select
    'ambiguous_link' as issue,
    'account' as object,
    similar_accounts.first_account_id as object_id,
    'metadata.' || run_settings.account_id_metadata_key as field,
    'Account ids that differ in case alone: ' || similar_accounts.first_account_id
    || ' and ' || similar_accounts.last_account_id || '; they are taken as different accounts.'
        as detail,
    'customer' as affected_object,
    customers_linked.customer_id as affected_id,
    customers_linked.account_id,
    customers_linked.stripe_account_id,
    customers_linked.customer_id,
    null as subscription_id
from customers_linked
cross join run_settings
inner join similar_accounts
    on lower(customers_linked.account_id) = similar_accounts.lower_account_id
where run_settings.account_id_metadata_key is not null
