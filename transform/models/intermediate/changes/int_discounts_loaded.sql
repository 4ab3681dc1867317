-- Grain: one discount that was loaded since the last build and still hangs where it was.
{{ config(materialized='view') }}
with

landed_discounts as (

    select * from {{ ref('stg_stripe__landed_discounts') }}

),

customers as (

    select * from {{ ref('stg_stripe__customers') }}

),

subscriptions as (

    select * from {{ ref('stg_stripe__subscriptions') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

-- Both branches read it, so it is written out before they begin: where none was loaded, nothing is
-- asked of what discounts hang on.
loaded_discounts as (

    select * from landed_discounts
    where {{ loaded_since_last_build('landed_discounts') }}

)

select loaded_discounts.*
from loaded_discounts
inner join customers
    on
        loaded_discounts.root_type = 'customer'
        and loaded_discounts.stripe_account_id = customers.stripe_account_id
        and loaded_discounts.root_id = customers.customer_id
        and loaded_discounts.read_at = customers.read_at

union all

select loaded_discounts.*
from loaded_discounts
inner join subscriptions
    on
        loaded_discounts.root_type = 'subscription'
        and loaded_discounts.stripe_account_id = subscriptions.stripe_account_id
        and loaded_discounts.root_id = subscriptions.subscription_id
        and loaded_discounts.read_at = subscriptions.read_at
