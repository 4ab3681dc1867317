-- Grain: one customer's id. The linking rule: which account a customer belongs to (null: unlinked),
-- and which one it belonged to before this build. Kept between builds: a refresh looks at the
-- customers who changed.
{{ config(
    materialized='kept',
    replaces='changed_customers',
    sliced_by='customer_id',
    sliced_for='int_customers_changed'
) }}
with

customers_changed as (

    select * from {{ ref('int_customers_changed') }}

),

customers as (

    select * from {{ named_rows(
        ref('stg_stripe__customers'), 'customer_id', ref('int_customers_changed')
    ) }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

former_links as (

    {{ kept_rows({
        'stripe_account_id': text_type(), 'customer_id': text_type(), 'account_id': text_type()
    }, key='customer_id', keys=ref('int_customers_changed')) }}

)

select
    stripe_account_id,
    customer_id,
    case
        when customers.customer_id is null then null
        when run_settings.account_id_metadata_key is null then customers.customer_id
        else {{ trimmed(map_value(
            map_of_json('customers.metadata_json'), 'run_settings.account_id_metadata_key'
        )) }}
    end as account_id,
    former_links.account_id as previous_account_id
from customers_changed
cross join run_settings
left join customers using (stripe_account_id, customer_id)
left join former_links using (stripe_account_id, customer_id)
