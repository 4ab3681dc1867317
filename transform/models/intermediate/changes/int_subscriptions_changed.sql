-- Grain: one subscription of which something changed since the last build, in itself or in what it
-- refers to: items and their prices, discounts, a pause that ran out. An item that is no part of
-- it any more may count: to look whether it is would cost more than to rebuild one in vain.
{{ config(materialized='view') }}
with

prices_changed as (

    select * from {{ ref('int_prices_changed') }}

),

discounts_changed as (

    select * from {{ ref('int_discounts_changed') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

)

-- A branch for each question, as an `or` would read every row; and each names its model anew, as a
-- CTE that several read is written out whole before they begin.
select
    subscriptions.stripe_account_id,
    subscriptions.subscription_id
from {{ ref('stg_stripe__subscriptions') }} as subscriptions
where {{ loaded_since_last_build('subscriptions') }}

union distinct

select
    subscriptions.stripe_account_id,
    subscriptions.subscription_id
from {{ ref('stg_stripe__subscriptions') }} as subscriptions
where {{ passed_since_last_build('subscriptions.pause_collection_resumes_at') }}

union distinct

select
    landed_items.stripe_account_id,
    landed_items.subscription_id
from {{ ref('stg_stripe__landed_items') }} as landed_items
where {{ loaded_since_last_build('landed_items') }}

union distinct

select
    landed_items.stripe_account_id,
    landed_items.subscription_id
from {{ ref('stg_stripe__landed_items') }} as landed_items
inner join prices_changed using (stripe_account_id, price_id)

union distinct

select
    stripe_account_id,
    root_id as subscription_id
from discounts_changed
where owner_type <> 'customer'
