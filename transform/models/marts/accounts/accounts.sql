-- Grain: one account: what is read most of it, side by side. Traits have the names and values that
-- the trait tables have; nothing of this is sent.
{{ config(sliced_by='account_id', sliced_for='int_customers_to_rebuild') }}
{% set ends = ['status', 'trial_start', 'trial_end', 'current_period_start', 'current_period_end',
    'cancel_at_period_end', 'canceled_at', 'discount_name'] %}
{% set pays = ['card_expiration', 'delinquent', 'account_balance', 'last_invoice_id',
    'last_invoice_amount', 'last_invoice_timestamp', 'customer_id'] %}
{% set columns = [
    ('single_traits', ['account_id', 'name', 'email', 'created']),
    ('lifecycles_named', ['lifecycle_status', 'status_since', 'churned_at', 'churn_reason',
        'churn_feedback', 'churn_comment', 'has_paid']),
    ('single_traits', ['currency', 'mrr_normalized']),
    ('multi_traits', ['all_mrr_normalized', 'all_mrr_currency', 'mrr_by_currency', 'all_mrr']),
    ('single_traits', ['mrr']),
    ('multi_traits', ['subscription_paying_count', 'subscription_trialing_count']),
    ('single_traits', ['subscription_id', 'subscription_interval', 'plan_names',
        'subscription_amount'] + ends),
    ('subscriptions_linked', ['collection_method', 'days_until_due']),
    ('single_traits', pays),
    ('open_invoices_counted', ['next_payment_attempt']),
    ('customers_listed', ['customer_ids']),
    ('single_traits', ['stripe_account_id', 'metadata']),
    ('run_settings', ['reporting_currency']),
] %}
with

accounts_to_rebuild as (

    select * from {{ ref('int_accounts_to_rebuild') }}

),
{% for model in ['lifecycles_named', 'subscriptions_listed', 'subscriptions_linked',
    'customers_listed', 'mrr_reported', 'open_invoices_counted'] %}
{{ model }} as (

    select * from {{ ref('int_' ~ model) }}

),
{% endfor %}
single_traits as (

    select * from {{ ref('single_subscription_traits') }}

),

multi_traits as (

    select * from {{ ref('multi_subscription_traits') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

)

select
    {% for source, names in columns %}
    {% for name in names %}
    {{ source }}.{{ name }},
    {% endfor %}
    {% endfor %}
    case
        when run_settings.reporting_currency is null then null
        when mrr_reported.account_id is null then cast(0 as decimal(18, 3))
        else mrr_reported.reporting_mrr
    end as reporting_mrr,
    coalesce(subscriptions_listed.subscription_count, 0) as subscription_count,
    coalesce(open_invoices_counted.open_invoice_count, 0) as open_invoice_count
from accounts_to_rebuild
cross join run_settings
inner join single_traits on accounts_to_rebuild.account_id = single_traits.account_id
inner join multi_traits on single_traits.account_id = multi_traits.account_id
inner join lifecycles_named on single_traits.account_id = lifecycles_named.account_id
inner join customers_listed on single_traits.account_id = customers_listed.account_id
left join subscriptions_listed on single_traits.account_id = subscriptions_listed.account_id
left join mrr_reported on single_traits.account_id = mrr_reported.account_id
left join open_invoices_counted on single_traits.account_id = open_invoices_counted.account_id
left join subscriptions_linked
    on
        single_traits.stripe_account_id = subscriptions_linked.stripe_account_id
        and single_traits.subscription_id = subscriptions_linked.subscription_id
