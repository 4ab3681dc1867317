{# JSON in and out. Decimals leave as exact JSON numbers without trailing zeros, never as floats. #}

{# Stripe's metadata object as a map of text to text. #}
{% macro map_of_json(json_text) -%}
    {{ adapter.dispatch('map_of_json')(json_text) }}
{%- endmacro %}

{% macro default__map_of_json(json_text) -%}
    cast(cast({{ json_text }} as json) as map(varchar, varchar))
{%- endmacro %}

{% macro spark__map_of_json(json_text) -%}
    from_json({{ json_text }}, 'map<string, string>', map('mode', 'FAILFAST'))
{%- endmacro %}


{# The value of one metadata key; the key is a value of the run, so no JSON path is built from it. #}
{% macro map_value(map, key) -%}
    {{ adapter.dispatch('map_value')(map, key) }}
{%- endmacro %}

{% macro default__map_value(map, key) -%}
    {{ map }}[{{ key }}]
{%- endmacro %}

{% macro spark__map_value(map, key) -%}
    try_element_at({{ map }}, {{ key }})
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

{% macro spark__inclusive_tax(json_text) -%}
    coalesce(aggregate(
        filter(
            from_json(
                {{ json_text }},
                'array<struct<amount: bigint, tax_behavior: string, inclusive: boolean>>',
                map('mode', 'FAILFAST')
            ),
            tax -> coalesce(tax.tax_behavior = 'inclusive', tax.inclusive, false)
        ),
        cast(0 as bigint),
        (total, tax) -> total + coalesce(tax.amount, 0)
    ), 0)
{%- endmacro %}


{# What discounts took off an invoice line, `amount` and `discount`, unpacked to one row each. #}
{% macro discounts_of_json(json_text) -%}
    {{ adapter.dispatch('discounts_of_json')(json_text) }}
{%- endmacro %}

{% macro default__discounts_of_json(json_text) -%}
    unnest(from_json({{ json_text }}, '[{"amount": "BIGINT", "discount": "VARCHAR"}]'))
{%- endmacro %}

{% macro spark__discounts_of_json(json_text) -%}
    explode(from_json(
        {{ json_text }},
        'array<struct<amount: bigint, discount: string>>',
        map('mode', 'FAILFAST')
    ))
{%- endmacro %}
