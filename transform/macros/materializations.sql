{#
How a build and a refresh are told apart: by the run's own row of settings, not by a flag of dbt. The
SQL of a model is the same in both; in a refresh it reads the accounts to rebuild, in a full build
all of them.
#}

{% macro is_full_build() -%}
    {%- if not execute -%}{{ return(true) }}{%- endif -%}
    {%- set query = 'select changed_since is null from ' ~ source('pipeline', 'run_settings') -%}
    {{ return(run_query(query).columns[0][0]) }}
{%- endmacro %}


{# Rows of the model to replace before its new ones are put in, by what they belong to. #}
{% macro replaced_rows(scope) -%}
    {%- set accounts -%}
        account_id in (select account_id from intermediate.int_accounts_changed)
    {%- endset -%}
    {%- set customers -%}
        (stripe_account_id, customer_id) in (
            select (stripe_account_id, customer_id) from intermediate.int_customers_changed
        )
    {%- endset -%}
    {%- set month -%}
        month = (select current_month from staging.stg_pipeline__run_settings)
    {%- endset -%}
    {%- set states -%}
        exists (
            select 1 from staging.stg_pipeline__run_settings as run_settings
            where {{ history_is_open('history.int_mrr_states_kept') }} and (
                (
                    not is_estimated
                    and observed_at = run_settings.as_of
                    and (stripe_account_id, subscription_id) in (
                        select (stripe_account_id, subscription_id)
                        from intermediate.int_subscriptions_valued
                    )
                )
                or (
                    is_estimated
                    and run_settings.is_full
                    and stripe_account_id not in (
                        select earlier.stripe_account_id from history.int_mrr_states_kept as earlier
                        where not earlier.is_estimated and earlier.observed_at < run_settings.as_of
                    )
                )
            )
        )
    {%- endset -%}
    {{ return({
        'accounts': accounts,
        'customers': customers ~ ' or customer_id is null',
        'issues': accounts ~ ' or ' ~ customers ~ ' or (account_id is null and customer_id is null)',
        'touched_customers': customers | replace('int_customers_changed', 'int_customers_touched'),
        'accounts_this_month': month ~ ' and ' ~ accounts,
        'this_month': month,
        'states_of_this_moment': states,
        'nothing': 'false',
    }[scope]) }}
{%- endmacro %}


{# Whether this run may add to the history: not if a later moment was seen before. #}
{% macro history_is_open(states='kept_states') -%}
    (
        run_settings.as_of >= run_settings.kept_until
        and run_settings.as_of >= (
            select coalesce(max(all_states.observed_at), run_settings.as_of)
            from {{ states }} as all_states
        )
    )
{%- endmacro %}


{# A table of this build alone, replaced whole; one statement, as there are many of them. #}
{% materialization working, adapter='duckdb' %}
    {%- set target = this.incorporate(type='table') -%}
    {% call statement('main') -%}
        create or replace table {{ target }} as (
            {{ sql }}
        )
    {%- endcall %}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#
A table that is kept between builds. A refresh replaces the rows of `replaces`; a full build replaces
the table, unless `history` says that what it holds cannot be had again.
#}
{% materialization kept, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set history = config.get('history', false) -%}
    {% if existing is not none and existing.type != 'table' %}
        {% do adapter.drop_relation(existing) %}
        {% set existing = none %}
    {% endif %}
    {% if existing is none or (is_full_build() and not history) %}
        {% call statement('main') -%}
            drop table if exists {{ target }};
            {{ create_table_as(False, target, sql) }}
        {%- endcall %}
        {% do persist_docs(target, model) %}
    {% else %}
        {%- set fresh = this.identifier ~ '__fresh' -%}
        {%- set replaced = replaced_rows(config.require('replaces')) -%}
        {% call statement('main') -%}
            create or replace temp table {{ fresh }} as (
                {{ sql }}
            );
            delete from {{ target }} where {{ replaced }};
            insert into {{ target }} by name from {{ fresh }};
            drop table {{ fresh }};
            -- the published copy is brought along by the same rows
            insert into pipeline.replaced values
            ('{{ this.identifier }}', '{{ replaced | replace("'", "''") }}');
        {%- endcall %}
    {% endif %}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{# The rows that a kept model holds from earlier builds, of these columns and types; at first none. #}
{% macro kept_rows(columns, history=false) -%}
    {%- set existing = execute and (history or not is_full_build()) and load_relation(this) -%}
    select
        {%- for name, type in columns.items() %}
        cast({{ name if existing else 'null' }} as {{ type }}) as {{ name }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    {% if existing -%}
    from {{ this }}
    {%- else -%}
    where false
    {%- endif %}
{%- endmacro %}
