-- Grain: one item whose subscription was never read. A refresh looks at the items that came since
-- the last build, and at those that were orphans then.
{{ config(materialized='kept', replaces='everything') }}
with

landed_items as (

    select * from {{ ref('stg_stripe__landed_items') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

former_orphans as (

    {{ kept_rows({
        'stripe_account_id': text_type(), 'subscription_item_id': text_type(),
        'subscription_id': text_type()
    }) }}

),

candidates as (

    select
        stripe_account_id,
        subscription_item_id,
        subscription_id
    from landed_items
    where {{ loaded_since_last_build('landed_items') }}

    union distinct

    select
        stripe_account_id,
        subscription_item_id,
        subscription_id
    from former_orphans

),

subscriptions as (

    select * from {{ named_rows(
        ref('stg_stripe__subscriptions'), 'subscription_id', 'candidates'
    ) }}

)

select candidates.*
from candidates
left join subscriptions using (stripe_account_id, subscription_id)
where subscriptions.subscription_id is null
