-- Grain: one account: what is read most of it, side by side. Traits have the names and values that
-- the trait tables have; nothing of this is sent.
{% set of_subscription = [
    'subscription_id', 'status', 'subscription_interval', 'plan_names', 'subscription_amount',
    'trial_start', 'trial_end', 'current_period_start', 'current_period_end',
    'cancel_at_period_end', 'canceled_at', 'discount_name',
] %}
{% set of_customer = [
    'card_expiration', 'delinquent', 'account_balance', 'last_invoice_id', 'last_invoice_amount',
    'last_invoice_timestamp', 'customer_id',
] %}
with

accounts_to_rebuild as (

    select * from {{ ref('int_accounts_to_rebuild') }}

),

single_subscription_traits as (

    select * from {{ ref('single_subscription_traits') }}

),

multi_subscription_traits as (

    select * from {{ ref('multi_subscription_traits') }}

),

lifecycles_named as (

    select * from {{ ref('int_lifecycles_named') }}

),

subscriptions_listed as (

    select * from {{ ref('int_subscriptions_listed') }}

),

customers_listed as (

    select * from {{ ref('int_customers_listed') }}

),

mrr_reported as (

    select * from {{ ref('int_mrr_reported') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

)

select
    accounts_to_rebuild.account_id,
    single_traits.name,
    single_traits.email,
    single_traits.created,
    lifecycles_named.lifecycle_status,
    lifecycles_named.status_since,
    lifecycles_named.churned_at,
    single_traits.currency,
    single_traits.mrr_normalized,
    multi_traits.all_mrr_normalized,
    multi_traits.all_mrr_currency,
    multi_traits.mrr_by_currency,
    run_settings.reporting_currency,
    case
        when run_settings.reporting_currency is null then null
        when mrr_reported.account_id is null then cast(0 as decimal(18, 3))
        else mrr_reported.reporting_mrr
    end as reporting_mrr,
    single_traits.mrr,
    multi_traits.all_mrr,
    coalesce(subscriptions_listed.subscription_count, 0) as subscription_count,
    multi_traits.subscription_paying_count,
    multi_traits.subscription_trialing_count,
    {% for column in of_subscription + of_customer %}
    single_traits.{{ column }},
    {% endfor %}
    customers_listed.customer_ids,
    single_traits.stripe_account_id,
    single_traits.metadata
from accounts_to_rebuild
cross join run_settings
inner join single_subscription_traits as single_traits using (account_id)
inner join multi_subscription_traits as multi_traits using (account_id)
inner join lifecycles_named using (account_id)
inner join customers_listed using (account_id)
left join subscriptions_listed using (account_id)
left join mrr_reported using (account_id)
