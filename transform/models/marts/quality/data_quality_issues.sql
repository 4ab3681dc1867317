-- Grain: one cause of doubt: what kept figures from being given, or was left out of them, with how
-- much hangs on it. What that is in particular stands in `data_quality_affected`.
{{ config(replaces='everything') }}
with

affected as (

    select * from {{ ref('data_quality_affected') }}

),

issue_amounts_summed as (

    select * from {{ ref('int_issue_amounts_summed') }}

),

issue_kinds as (

    select * from {{ ref('issue_kinds') }}

),

causes as (

    select
        issue_id,
        min(issue) as issue,
        min(object) as object,
        min(object_id) as object_id,
        min(affected_id) as first_affected_id,
        min(field) as field,
        min(detail) as detail,
        min(stripe_account_id) as stripe_account_id,
        {% for column in ['account_id', 'customer_id', 'subscription_id'] %}
        case when min({{ column }}) = max({{ column }}) then min({{ column }}) end as {{ column }},
        {% endfor %}
        cast(count(distinct affected_object || ':' || affected_id) as bigint) as affected_objects,
        cast(count(distinct account_id) as bigint) as affected_accounts
    from affected
    group by issue_id

)

select
    causes.issue_id,
    causes.issue,
    issue_kinds.severity,
    causes.object,
    coalesce(
        causes.object_id,
        case when causes.affected_objects = 1 then causes.first_affected_id end
    ) as object_id,
    causes.field,
    causes.detail,
    issue_kinds.remedy,
    causes.affected_objects,
    causes.affected_accounts,
    coalesce(
        issue_amounts_summed.mrr_by_currency, {{ empty_map('varchar', 'decimal(38, 3)') }}
    ) as affected_mrr,
    coalesce(issue_amounts_summed.unknown_count, 0) as subscriptions_without_mrr,
    causes.account_id,
    causes.stripe_account_id,
    causes.customer_id,
    causes.subscription_id
from causes
left join issue_kinds using (issue)
left join issue_amounts_summed using (issue_id)
order by issue_kinds.severity, causes.affected_accounts desc, causes.issue_id
