-- Grain: one issue of one object. What kept a figure from being given, or was left out of it.
{{ config(replaces='issues') }}
with

issues as (
    {% for model in [
        'int_items_questioned',
        'int_discounts_questioned',
        'int_subscriptions_questioned',
        'int_customers_questioned',
        'int_links_questioned',
        'int_unseen_customers_questioned',
        'int_payment_methods_questioned',
        'int_accounts_questioned',
    ] %}
    select
        issue,
        object,
        object_id,
        account_id,
        stripe_account_id,
        customer_id,
        subscription_id,
        field,
        detail
    from {{ ref(model) }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

)

select
    issue
    || coalesce(':' || stripe_account_id, '')
    || ':'
    || object_id
    || coalesce(':' || subscription_id, '')
    || ':'
    || field as issue_id,
    issues.*
from issues
