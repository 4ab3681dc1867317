{# Text, and the names of types. #}

{# Text without white space at its ends; '' becomes null. #}
{% macro trimmed(text) -%}
    {{ adapter.dispatch('trimmed')(text) }}
{%- endmacro %}

{% macro default__trimmed(text) -%}
    nullif(regexp_replace({{ text }}, '^[\s\p{Z}]+|[\s\p{Z}]+$', '', 'g'), '')
{%- endmacro %}

{# What DuckDB's `\s` is; Java's is wider by a vertical tab. #}
{% macro spark__trimmed(text) -%}
    nullif(regexp_replace(
        {{ text }}, r'^[\t\n\f\r \p{Z}]+|[\t\n\f\r \p{Z}]+\z', ''
    ), '')
{%- endmacro %}


{# A regular expression as a literal: a backslash stays one. #}
{% macro pattern(expression) -%}
    {{ adapter.dispatch('pattern')(expression) }}
{%- endmacro %}

{% macro default__pattern(expression) -%}
    '{{ expression }}'
{%- endmacro %}

{% macro spark__pattern(expression) -%}
    r'{{ expression }}'
{%- endmacro %}


{% macro text_type() -%}
    {{ adapter.dispatch('text_type')() }}
{%- endmacro %}

{% macro default__text_type() -%}
    varchar
{%- endmacro %}

{% macro spark__text_type() -%}
    string
{%- endmacro %}


{# A type as contracts and seeds name it, in the engine's own words. #}
{% macro column_type(type) -%}
    {{ adapter.dispatch('column_type')(type) }}
{%- endmacro %}

{% macro default__column_type(type) -%}
    {{ type }}
{%- endmacro %}

{% macro spark__column_type(type) -%}
    {%- set words = type | lower | replace('varchar', 'string') | replace('json', 'string')
        | replace('timestamp', 'timestamp_ntz') | replace(' ', '') -%}
    {%- if words.endswith('[]') -%}
        array<{{ words[:-2] }}>
    {%- elif words.startswith('map(') -%}
        map<{{ words[4:-1] }}>
    {%- else -%}
        {{ words }}
    {%- endif -%}
{%- endmacro %}
