{#
Seeds on Spark: types in its words, and every value as text that is cast. dbt-spark gives numbers as
floats, and in a session no quote may stand in a text.
#}

{% macro spark__create_csv_table(model, agate_table) -%}
    {%- set types = model.config.column_types -%}
    {%- set columns = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- do columns.append(name ~ ' ' ~ column_type(types[name])) -%}
    {%- endfor -%}
    {%- set query = 'create or replace table ' ~ this ~ ' (' ~ columns | join(', ') ~ ') using iceberg' -%}
    {% do run_query(query) %}
    {{ return(query) }}
{%- endmacro %}


{% macro spark__reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
    {{ return(create_csv_table(model, agate_table)) }}
{%- endmacro %}


{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model.config.column_types -%}
    {%- set rows = [] -%}
    {%- for row in agate_table.rows -%}
        {%- set values = [] -%}
        {%- for name in agate_table.column_names -%}
            {%- set value = 'null' if row[name] is none else literal(row[name] | string) -%}
            {%- do values.append('cast(' ~ value ~ ' as ' ~ column_type(types[name]) ~ ')') -%}
        {%- endfor -%}
        {%- do rows.append('(' ~ values | join(', ') ~ ')') -%}
    {%- endfor -%}
    {%- set query = 'insert into ' ~ this ~ ' values ' ~ rows | join(', ') -%}
    {% do run_query(query) %}
    {{ return(query) }}
{%- endmacro %}
