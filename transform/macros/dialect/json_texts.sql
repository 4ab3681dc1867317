{#
Values as JSON text. Decimals leave as exact JSON numbers without trailing zeros, never as floats.
#}

{# A map as further members of a JSON object, `,"<prefix>key":"value"` each, keys in order. #}
{% macro json_members_of_map(map, prefix) -%}
    {{ adapter.dispatch('json_members_of_map')(map, prefix) }}
{%- endmacro %}

{% macro default__json_members_of_map(map, prefix) -%}
    array_to_string(
        [
            ',' || to_json({{ prefix }} || entry.key) || ':' || to_json(entry.value)
            for entry in list_sort(map_entries({{ map }}))
        ], ''
    )
{%- endmacro %}

{% macro spark__json_members_of_map(map, prefix) -%}
    array_join(
        transform(
            array_sort(map_entries({{ map }})),
            entry -> ',' || {{ json_string(prefix ~ ' || entry.key') }}
            || ':' || {{ json_string('entry.value') }}
        ), ''
    )
{%- endmacro %}


{# One value as JSON text; `type` is the trait's type in the seed `traits`. #}
{% macro json_text(expression, type) -%}
    {%- if type == 'decimal' -%}
        regexp_replace(cast({{ expression }} as {{ text_type() }}), {{ pattern('\.?0+$') }}, '')
    {%- elif type == 'decimal[]' -%}
        {{ json_text_of_decimals(expression) }}
    {%- elif type == 'timestamp' -%}
        {{ json_text_of_timestamp(expression) }}
    {%- elif type == 'date' -%}
        '"' || cast({{ expression }} as {{ text_type() }}) || '"'
    {%- else -%}
        {{ json_text_of_value(expression, type) }}
    {%- endif -%}
{%- endmacro %}


{% macro json_text_of_value(expression, type) -%}
    {{ adapter.dispatch('json_text_of_value')(expression, type) }}
{%- endmacro %}

{% macro default__json_text_of_value(expression, type) -%}
    cast(to_json({{ expression }}) as {{ text_type() }})
{%- endmacro %}

{% macro spark__json_text_of_value(expression, type) -%}
    {%- if type == 'text' -%}
        {{ json_string(expression) }}
    {%- elif type == 'text[]' -%}
        to_json({{ expression }})
    {%- else -%}
        cast({{ expression }} as string)
    {%- endif -%}
{%- endmacro %}

{# Spark's `to_json` takes no text alone: an array of one, without its brackets. #}
{% macro json_string(expression) -%}
    {%- set array = 'to_json(array(' ~ expression ~ '))' -%}
    nullif(substring({{ array }}, 2, length({{ array }}) - 2), 'null')
{%- endmacro %}


{% macro json_text_of_decimals(expression) -%}
    {{ adapter.dispatch('json_text_of_decimals')(expression) }}
{%- endmacro %}

{% macro default__json_text_of_decimals(expression) -%}
    '[' || array_to_string(
        [
            coalesce({{ json_text('element', 'decimal') }}, 'null')
            for element in {{ expression }}
        ], ','
    ) || ']'
{%- endmacro %}

{% macro spark__json_text_of_decimals(expression) -%}
    '[' || array_join(
        transform(
            {{ expression }}, element -> coalesce({{ json_text('element', 'decimal') }}, 'null')
        ), ','
    ) || ']'
{%- endmacro %}


{% macro json_text_of_timestamp(expression) -%}
    {{ adapter.dispatch('json_text_of_timestamp')(expression) }}
{%- endmacro %}

{% macro default__json_text_of_timestamp(expression) -%}
    strftime({{ expression }}, '"%Y-%m-%dT%H:%M:%SZ"')
{%- endmacro %}

{% macro spark__json_text_of_timestamp(expression) -%}
    date_format({{ expression }}, '"yyyy-MM-dd\'T\'HH:mm:ss\'Z\'"')
{%- endmacro %}


{% macro as_json(text) -%}
    {{ adapter.dispatch('as_json')(text) }}
{%- endmacro %}

{% macro default__as_json(text) -%}
    cast({{ text }} as json)
{%- endmacro %}

{# Spark 3.5 has no type for JSON. #}
{% macro spark__as_json(text) -%}
    {{ text }}
{%- endmacro %}
