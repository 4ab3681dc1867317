{#
Which rows of a kept model its new ones replace: conditions, each of them deleted by itself. They are
in the words of the engine that builds, or `in_duckdb`, which publishes.
#}
{% macro replaced_rows(scope, in_duckdb=false) -%}
    {%- set customer = 'stripe_account_id, customer_id' -%}
    {%- set accounts -%}
        account_id in (select account_id from intermediate.int_accounts_to_rebuild)
    {%- endset -%}
    {%- set customers -%}
        (stripe_account_id, customer_id) in (
            select {{ default__row_of(customer) if in_duckdb else row_of(customer) }}
            from intermediate.int_customers_to_rebuild
        )
    {%- endset -%}
    {%- set month -%}
        month = (select {{ month_of('as_of') }} from pipeline.run_settings)
    {%- endset -%}
    {{ return({
        'accounts': [accounts],
        'customers': [customers, 'customer_id is null'],
        'issues': [accounts, customers, 'account_id is null and customer_id is null'],
        'changed_customers':
            [customers | replace('int_customers_to_rebuild', 'int_customers_changed')],
        'accounts_this_month': [month ~ ' and ' ~ accounts],
        'this_month': [month],
        'states_of_this_moment': states_of_this_moment(),
        'everything': ['true'],
    }[scope]) }}
{%- endmacro %}


{# What this run itself has seen and estimated, if it was run before at the same moment. An account
that moved with an estimated amount was seen then, too; what is estimated is of an earlier month. #}
{% macro states_of_this_moment() -%}
    {%- set may_add -%}
        (
            select {{ history_is_open('history.int_mrr_states_kept') }}
            from staging.stg_pipeline__run_settings as run_settings
        )
    {%- endset -%}
    {%- set seen -%}
        observed_at = (select as_of from staging.stg_pipeline__run_settings)
        and (stripe_account_id, subscription_id) in (
            select {{ row_of('stripe_account_id, subscription_id') }}
            from intermediate.int_subscriptions_valued
        )
        and {{ may_add }}
    {%- endset -%}
    {%- set estimated -%}
        is_estimated
        and stripe_account_id not in (
            select earlier.stripe_account_id
            from history.int_mrr_states_kept as earlier
            cross join staging.stg_pipeline__run_settings as run_settings
            where not earlier.is_estimated and earlier.observed_at < run_settings.as_of
        )
        and {{ may_add }}
    {%- endset -%}
    {{ return([seen, estimated] if is_full_build() else [seen]) }}
{%- endmacro %}


{# Whether this run may add to the history: not if a later moment was seen before. #}
{% macro history_is_open(states) -%}
    (
        run_settings.as_of >= run_settings.kept_until
        and coalesce(run_settings.as_of >= (
            select max(all_states.observed_at) from {{ states }} as all_states
        ), true)
    )
{%- endmacro %}


{# Several columns as what `(a, b) in (select ...)` selects. #}
{% macro row_of(columns) -%}
    {{ adapter.dispatch('row_of')(columns) }}
{%- endmacro %}

{% macro default__row_of(columns) -%}
    ({{ columns }})
{%- endmacro %}

{% macro spark__row_of(columns) -%}
    {{ columns }}
{%- endmacro %}
