{# The type that `json_text` knows, of a column's `data_type`. A decimal without places is an integer. #}
{% macro json_type(data_type) -%}
    {%- set type = data_type | lower | replace(' ', '') -%}
    {%- if type.startswith(('decimal', 'numeric')) -%}
        {%- set is_whole = '(' in type and (',' not in type or type.endswith(',0)')) -%}
        {{ return('integer' if is_whole else 'decimal') }}
    {%- elif type in ('timestamp', 'date') -%}
        {{ return(type) }}
    {%- endif -%}
    {{ return('text') }}
{%- endmacro %}
