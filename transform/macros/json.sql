{# JSON in and out. Decimals leave as exact JSON numbers without trailing zeros, never as floats. #}

{# Stripe's metadata object as a map of text to text. #}
{% macro map_of_json(json_text) -%}
    {{ adapter.dispatch('map_of_json')(json_text) }}
{%- endmacro %}

{% macro default__map_of_json(json_text) -%}
    cast(cast({{ json_text }} as json) as map(varchar, varchar))
{%- endmacro %}


{# The value of one metadata key; the key is a value of the run, so no JSON path is built from it. #}
{% macro map_value(map, key) -%}
    {{ adapter.dispatch('map_value')(map, key) }}
{%- endmacro %}

{% macro default__map_value(map, key) -%}
    {{ map }}[{{ key }}]
{%- endmacro %}


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


{# One value as JSON text; `type` is the trait's type in the seed `traits`. #}
{% macro json_text(expression, type) -%}
    {%- if type == 'decimal' -%}
        regexp_replace(cast({{ expression }} as {{ text_type() }}), '\.?0+$', '')
    {%- elif type == 'decimal[]' -%}
        {{ json_text_of_decimals(expression) }}
    {%- elif type == 'timestamp' -%}
        {{ json_text_of_timestamp(expression) }}
    {%- elif type == 'date' -%}
        '"' || cast({{ expression }} as {{ text_type() }}) || '"'
    {%- else -%}
        cast(to_json({{ expression }}) as {{ text_type() }})
    {%- endif -%}
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


{% macro json_text_of_timestamp(expression) -%}
    {{ adapter.dispatch('json_text_of_timestamp')(expression) }}
{%- endmacro %}

{% macro default__json_text_of_timestamp(expression) -%}
    strftime({{ expression }}, '"%Y-%m-%dT%H:%M:%SZ"')
{%- endmacro %}


{% macro as_json(text) -%}
    {{ adapter.dispatch('as_json')(text) }}
{%- endmacro %}

{% macro default__as_json(text) -%}
    cast({{ text }} as json)
{%- endmacro %}


{# What an invoice line's taxes say is inside its amount, in minor units; both shapes of the API. #}
{% macro inclusive_tax(json_text) -%}
    {{ adapter.dispatch('inclusive_tax')(json_text) }}
{%- endmacro %}

{% macro default__inclusive_tax(json_text) -%}
    coalesce(list_sum([
        tax.amount for tax in from_json(
            {{ json_text }},
            '[{"amount": "BIGINT", "tax_behavior": "VARCHAR", "inclusive": "BOOLEAN"}]'
        ) if coalesce(tax.tax_behavior = 'inclusive', tax.inclusive, false)
    ]), 0)
{%- endmacro %}
