{# What JSON of Stripe's holds. #}

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
