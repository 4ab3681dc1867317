{# How a model becomes a table on Spark, where each statement is a commit of its own. #}

{% materialization working, adapter='spark' %}
    {%- set target = this.incorporate(type='table') -%}
    {% do compute_strictly() %}
    {% call statement('main') -%}
        create or replace table {{ target }} using iceberg as
        {{ sql }}
    {%- endcall %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{# In a refresh the new rows are computed before the former ones go: some are computed from those. #}
{% materialization kept, adapter='spark' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set is_fresh = existing is none or (is_full_build() and not config.get('history', false)) -%}
    {%- set rows = this.identifier ~ '__rows' -%}
    {%- set fresh = 'refreshed.' ~ this.identifier -%}
    {% do compute_strictly() %}
    {% do describe_rows(rows, sql) %}
    {% call statement('main') -%}
        create or replace table {{ target if is_fresh else fresh }} using iceberg
        {{ comment_clause() }}
        as select * from {{ rows }}
    {%- endcall %}
    {% if not is_fresh %}
        {% for condition in replaced_rows(config.require('replaces')) %}
            {% do run_query('delete from ' ~ target ~ ' where ' ~ condition) %}
        {% endfor %}
        {% do run_query('insert into ' ~ target ~ ' by name select * from ' ~ fresh) %}
    {% endif %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#
An overflow is an error, never a null: a figure that is too large must not look like one that is not
known. dbt-spark opens every connection without it.
#}
{% macro compute_strictly() -%}
    {% do run_query('set spark.sql.ansi.enabled=true') %}
{%- endmacro %}


{#
The query as a view of this connection, whose columns have the types of the contract and carry their
descriptions: a table that is made from it takes them over, where dbt has a statement for each.
#}
{% macro describe_rows(view, sql) -%}
    {%- set columns = [] -%}
    {%- set found = {} -%}
    {%- for row in run_query('describe query ' ~ sql).rows -%}
        {%- do found.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {%- if config.get('contract').enforced -%}
        {% do assert_types(found, model.columns) %}
    {%- endif -%}
    {%- for name in found -%}
        {%- set text = model.columns.get(name, {}).get('description', '') | trim -%}
        {%- do columns.append(name ~ " comment " ~ literal(text)) -%}
    {%- endfor -%}
    {% do run_query(
        'create or replace temporary view ' ~ view ~ ' (' ~ columns | join(', ') ~ ') as ' ~ sql
    ) %}
{%- endmacro %}


{# What dbt asks of a contract, but for the insides of types, which thrift does not tell. #}
{% macro assert_types(found, columns) -%}
    {%- set wanted = {} -%}
    {%- for name, column in columns.items() -%}
        {%- do wanted.update({name: column_type(column.data_type)}) -%}
    {%- endfor -%}
    {%- if found != wanted -%}
        {%- set wrong = [] -%}
        {%- for name in (found.keys() | list + wanted.keys() | list) | unique -%}
            {%- if found.get(name) != wanted.get(name) -%}
                {%- do wrong.append(
                    name ~ ' is ' ~ found.get(name) ~ ', by its contract ' ~ wanted.get(name)
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {{ exceptions.raise_compiler_error(wrong | join('; ')) }}
    {%- endif -%}
{%- endmacro %}


{# Text as a literal. Two quotes in a row are no quote to Spark, and a backslash escapes. #}
{% macro literal(text) -%}
    '{{ text | replace('\\', '\\\\') | replace("'", "\\'") }}'
{%- endmacro %}


{# A query that only does something gives no rows to fetch, which is an error over thrift. #}
{% macro run_query(sql) -%}
    {{ return(adapter.dispatch('run_query')(sql)) }}
{%- endmacro %}

{% macro default__run_query(sql) -%}
    {{ return(dbt.run_query(sql)) }}
{%- endmacro %}

{% macro spark__run_query(sql) -%}
    {%- set verb = (sql | trim).split() | first | lower -%}
    {%- set asks = verb in ['select', 'with', 'show', 'describe'] -%}
    {% call statement('asked', fetch_result=asks, auto_begin=false) -%}
        {{ sql }}
    {%- endcall %}
    {{ return(load_result('asked').table if asks else none) }}
{%- endmacro %}
