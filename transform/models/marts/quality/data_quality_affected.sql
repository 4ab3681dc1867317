-- Grain: issue, object that it affects, subscription that hangs on it: with what that subscription
-- adds to MRR now, or, where that is not known, what is known of its list amount. An issue of a
-- customer or an account affects its subscriptions that count.
{{ config(replaces='issues') }}
{% set columns = [
    'issue', 'object', 'object_id', 'field', 'detail', 'affected_object', 'affected_id',
    'account_id', 'stripe_account_id', 'customer_id',
] %}
with

issues as (
    {% for model in [
        'int_item_issues',
        'int_discount_issues',
        'int_subscription_issues',
        'int_customer_link_issues',
        'int_missing_owner_issues',
        'int_deleted_customer_issues',
        'int_payment_method_issues',
        'int_total_issues',
        'int_sum_issues',
    ] %}
    select
        {{ columns | join(',\n        ') }},
        subscription_id
    from {{ ref(model) }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

subscriptions_described as (

    select * from {{ ref('int_subscriptions_described') }}

),

issues_of_subscriptions as (
    {% for condition, key in [
        ('issues.subscription_id is not null',
            'issues.stripe_account_id = subscriptions.stripe_account_id'
            ~ ' and issues.subscription_id = subscriptions.subscription_id'),
        ('issues.subscription_id is null and issues.customer_id is not null',
            'issues.stripe_account_id = subscriptions.stripe_account_id'
            ~ ' and issues.customer_id = subscriptions.customer_id'
            ~ ' and subscriptions.counts_for_mrr'),
        ('issues.subscription_id is null and issues.customer_id is null',
            'issues.account_id = subscriptions.account_id and subscriptions.counts_for_mrr'),
    ] %}
    select
        {%- for column in columns %}
        issues.{{ column }},
        {%- endfor %}
        coalesce(issues.subscription_id, subscriptions.subscription_id) as subscription_id,
        subscriptions.currency,
        subscriptions.mrr_normalized is not null as is_mrr_known,
        coalesce(
            subscriptions.mrr_normalized,
            {{ rounded_major(
                divide_exactly('subscriptions.known_list_amount', 12), 'subscriptions.exponent'
            ) }}
        ) as mrr
    from issues
    left join subscriptions_described as subscriptions on {{ key }}
    where {{ condition }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

)

select
    issue
    || coalesce(':' || stripe_account_id, '')
    || coalesce(':' || object_id, '')
    || ':'
    || field as issue_id,
    affected_object || ':' || affected_id || coalesce(':' || subscription_id, '') as affected_key,
    issues_of_subscriptions.*
from issues_of_subscriptions
