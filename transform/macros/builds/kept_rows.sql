{#
The rows that a kept model holds from earlier builds, of these columns and types; at first none.
`key` and `keys`: which of them a refresh asks for, as in `named_rows`.
#}
{% macro kept_rows(columns, history=false, key=none, keys=none) -%}
    {%- set existing = execute and (history or not is_full_build()) and load_relation(this) -%}
    select
        {%- for name, type in columns.items() %}
        cast({{ name if existing else 'null' }} as {{ type }}) as {{ name }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    {% if existing -%}
    from {{ named_rows(this, key, keys, position='rowid') if key else this }}
    {%- else -%}
    where false
    {%- endif %}
{%- endmacro %}
