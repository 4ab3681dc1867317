-- Grain: one customer without an account. Never sent, never dropped in silence.
{{ config(replaces='customers') }}
with

customers_linked as (

    select * from {{ ref('int_customers_linked') }}

),

live_subscriptions as (

    select
        stripe_account_id,
        customer_id,
        count(*) as live_subscription_count
    from {{ ref('int_subscriptions_classified') }}
    where is_live
    group by stripe_account_id, customer_id

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

)

select
    customers_linked.stripe_account_id,
    customers_linked.customer_id,
    customers_linked.name,
    customers_linked.email,
    customers_linked.created,
    customers_linked.is_deleted,
    'metadata.' || run_settings.account_id_metadata_key || ' is absent or blank' as reason,
    coalesce(live_subscriptions.live_subscription_count, 0) as live_subscription_count
from customers_linked
cross join run_settings
left join live_subscriptions using (stripe_account_id, customer_id)
where customers_linked.account_id is null
