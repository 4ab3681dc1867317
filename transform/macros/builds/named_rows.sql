{#
The rows of a large table that some keys name. DuckDB joins rows when it has read them whole. So a
refresh first looks where they stand, by the key alone, and then reads those: a third of the work on
5,000,000 invoices. It may find more, of another Stripe account: the join that follows decides.
`or_none`: also the rows that name none.
#}
{% macro named_rows(relation, key, keys, or_none=false, position='row_position') -%}
    {%- if not execute or is_full_build() -%}
        {{ relation }}
    {%- else -%}
        {{ adapter.dispatch('named_rows')(relation, key, keys, or_none, position) }}
    {%- endif -%}
{%- endmacro %}

{# Materialized, lest DuckDB join the whole rows after all, and look for these among them then. #}
{% macro default__named_rows(relation, key, keys, or_none, position) -%}
    {%- if position == 'row_position' and not landing_has_positions() -%}
        {{ relation }}
    {%- else -%}
    (
        with named_rows as materialized (
            select * from {{ relation }} as whole
            where whole.{{ position }} in (
                select named.{{ position }} from {{ relation }} as named
                where named.{{ key }} in (select {{ key }} from {{ keys }})
                {% if or_none -%}
                union all
                select unnamed.{{ position }} from {{ relation }} as unnamed
                where unnamed.{{ key }} is null
                {%- endif %}
            )
        )
        select * from named_rows
    )
    {%- endif -%}
{%- endmacro %}

{% macro spark__named_rows(relation, key, keys, or_none, position) -%}
    {{ relation }}
{%- endmacro %}


{# Where a row stands in its table, as a column of a view. It is for `named_rows`, and moves. #}
{% macro row_position() -%}
    {{ adapter.dispatch('row_position')() }}
{%- endmacro %}

{% macro default__row_position() -%}
    {{ 'rowid' if landing_has_positions() else 'cast(null as bigint)' }}
{%- endmacro %}

{% macro spark__row_position() -%}
    cast(null as bigint)
{%- endmacro %}


{# Whether the landing tables stand in the file that builds: a DuckLake's are views there. #}
{% macro landing_has_positions() -%}
    {%- if not execute -%}{{ return(true) }}{%- endif -%}
    {%- set query -%}
        select count(*) = 0 from duckdb_views()
        where database_name = current_database() and schema_name = 'stripe'
    {%- endset -%}
    {{ return(run_query(query).columns[0][0]) }}
{%- endmacro %}
