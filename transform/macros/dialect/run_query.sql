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
