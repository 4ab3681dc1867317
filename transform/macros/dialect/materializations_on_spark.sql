{# How a model becomes a table on Spark, where each statement is a commit of its own. #}

{% materialization working, adapter='spark' %}
    {%- set target = this.incorporate(type='table') -%}
    {% do prove_arithmetic() %}
    {% call statement('main') -%}
        create or replace table {{ target }} using iceberg as
        {{ sql }}
    {%- endcall %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#
In a refresh the new rows are computed before the former ones go: some are computed from those. They
stay in `refreshed`, with a word on what they replaced, for the file that is published.
#}
{% materialization kept, adapter='spark' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set is_fresh = existing is none or (is_full_build() and not config.get('history', false)) -%}
    {%- set rows = this.identifier ~ '__rows' -%}
    {%- set fresh = 'refreshed.' ~ this.identifier -%}
    {% do prove_arithmetic() %}
    {% do describe_rows(rows, sql) %}
    {% call statement('main') -%}
        create or replace table {{ target if is_fresh else fresh }} using iceberg
        {{ comment_clause() }}
        {% if not is_fresh -%}
        tblproperties ('replaced' = {{
            literal(tojson(replaced_rows(config.require('replaces'), in_duckdb=true)))
        }})
        {%- endif %}
        as select * from {{ rows }}
    {%- endcall %}
    {% if is_fresh %}
        {% do run_query('drop table if exists ' ~ fresh) %}
    {% else %}
        {% for condition in replaced_rows(config.require('replaces')) %}
            {% do run_query('delete from ' ~ target ~ ' where ' ~ condition) %}
        {% endfor %}
        {% do run_query('insert into ' ~ target ~ ' by name select * from ' ~ fresh) %}
    {% endif %}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#
Before anything is computed: by the connection's settings an overflow is an error and not a null, a
product keeps every digit that DuckDB's keeps, and times are UTC without a zone. Spark's own defaults
are otherwise, and would make wrong figures in silence.
#}
{% macro prove_arithmetic() -%}
    {%- set query -%}
        select
            concat_ws(
                ', ', typeof(coalesce(1, '1')), typeof(cast(1 as decimal(38, 12)) * 1.000),
                typeof(cast('2025-01-01' as timestamp)), current_timezone()
            )
    {%- endset -%}
    {%- set found = run_query(query).rows[0][0] -%}
    {%- if found != 'bigint, decimal(38,15), timestamp_ntz, UTC' -%}
        {{ exceptions.raise_compiler_error(
            'Spark would compute other figures (' ~ found ~ '): this connection lacks the settings'
            ~ ' of profiles.yml, server_side_parameters; use that profile'
        ) }}
    {%- endif -%}
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
