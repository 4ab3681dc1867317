-- Grain: one subscription. What its status and its pause mean, and why it does not count for MRR.
with

subscriptions_linked as (

    select * from {{ ref('int_subscriptions_linked') }}

),

subscription_statuses as (

    select * from {{ ref('subscription_statuses') }}

),

currency_exponents as (

    select * from {{ ref('currency_exponents') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

paused_subscriptions as (

    select
        subscriptions_linked.stripe_account_id,
        subscriptions_linked.subscription_id
    from subscriptions_linked
    cross join run_settings
    where
        run_settings.mrr_pause_collection = 'zero'
        and subscriptions_linked.pause_collection_behavior is not null
        and coalesce(subscriptions_linked.pause_collection_resumes_at > run_settings.as_of, true)

)

select
    subscriptions_linked.*,
    subscription_statuses.selection_rank,
    subscription_statuses.current_subscription_status,
    subscription_statuses.has_begun,
    subscription_statuses.is_live,
    subscription_statuses.is_trialing,
    subscription_statuses.counts_for_mrr
    and paused_subscriptions.subscription_id is null as counts_for_mrr,
    case
        when not subscription_statuses.counts_for_mrr
            then 'status ' || subscriptions_linked.status
        when paused_subscriptions.subscription_id is not null then 'collection paused'
    end as excluded_because,
    coalesce(currency_exponents.exponent, 2) as exponent
from subscriptions_linked
left join subscription_statuses on subscriptions_linked.status = subscription_statuses.status
left join currency_exponents on subscriptions_linked.currency = currency_exponents.currency
left join paused_subscriptions using (stripe_account_id, subscription_id)
