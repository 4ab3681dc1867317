-- Grain: one issue of one object. What kept a figure from being given, or was left out of it.
{{ config(replaces='issues') }}
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
