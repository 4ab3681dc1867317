-- Grain: one account whose MRR has a part that is not known: the first object and field that say
-- why. In single mode those of the chosen subscription, in multi mode those of all paying ones.
{{ config(materialized='view') }}
with

customers_chosen as (

    select * from {{ ref('int_customers_chosen') }}

),

subscriptions_invoiced as (

    select * from {{ ref('int_subscriptions_invoiced') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

issue_kinds as (

    select * from {{ ref('issue_kinds') }}

),

issues as (

    {% for model in ['item', 'subscription', 'discount', 'sum', 'total'] %}
    select
        issue,
        object || ' ' || object_id || ', ' || field as unknown_amount,
        account_id,
        stripe_account_id,
        subscription_id
    from {{ ref('int_' ~ model ~ '_issues') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    issues.account_id,
    min(issues.unknown_amount) as unknown_amount
from issues
cross join run_settings
inner join issue_kinds on issues.issue = issue_kinds.issue
inner join customers_chosen on issues.account_id = customers_chosen.account_id
left join subscriptions_invoiced
    on
        issues.stripe_account_id = subscriptions_invoiced.stripe_account_id
        and issues.subscription_id = subscriptions_invoiced.subscription_id
where
    (issue_kinds.severity = 'error' or issues.issue = 'no_total_across_currencies')
    and case
        when run_settings.multiple_subscriptions
            then issues.subscription_id is null or subscriptions_invoiced.is_paying
        else issues.subscription_id = customers_chosen.subscription_id
    end
group by issues.account_id
