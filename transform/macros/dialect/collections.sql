{# Arrays and maps: the part of SQL in which engines differ most. #}

{% macro array_in_order(expression, order_by) -%}
    {{ adapter.dispatch('array_in_order')(expression, order_by) }}
{%- endmacro %}

{# `array_agg(... order by ...)` costs several times as much: it sorts each group, most of which are
of one element. #}
{% macro default__array_in_order(expression, order_by) -%}
    {%- set placed = 'list({\'place\': row(' ~ order_by ~ '), \'element\': ' ~ expression ~ '})' -%}
    list_transform(
        case when count(*) = 1 then {{ placed }} else list_sort({{ placed }}) end,
        lambda placed: placed.element
    )
{%- endmacro %}

{% macro spark__array_in_order(expression, order_by) -%}
    transform(
        array_sort(collect_list(named_struct(
            'place', struct({{ order_by }}), 'element', {{ expression }}
        ))),
        placed -> placed.element
    )
{%- endmacro %}


{% macro empty_array(element_type) -%}
    {{ adapter.dispatch('empty_array')(element_type) }}
{%- endmacro %}

{% macro default__empty_array(element_type) -%}
    cast([] as {{ element_type }}[])
{%- endmacro %}

{% macro spark__empty_array(element_type) -%}
    cast(array() as {{ column_type(element_type ~ '[]') }})
{%- endmacro %}


{# A map of one row a key, keys in order. #}
{% macro map_of(key, value) -%}
    {{ adapter.dispatch('map_of')(key, value) }}
{%- endmacro %}

{% macro default__map_of(key, value) -%}
    {%- set entries = 'list({\'key\': ' ~ key ~ ', \'value\': ' ~ value ~ '})' -%}
    map_from_entries(case when count(*) = 1 then {{ entries }} else list_sort({{ entries }}) end)
{%- endmacro %}

{% macro spark__map_of(key, value) -%}
    map_from_entries(array_sort(collect_list(
        named_struct('key', {{ key }}, 'value', {{ value }})
    )))
{%- endmacro %}


{% macro empty_map(key_type, value_type) -%}
    {{ adapter.dispatch('empty_map')(key_type, value_type) }}
{%- endmacro %}

{% macro default__empty_map(key_type, value_type) -%}
    cast(map {} as map({{ key_type }}, {{ value_type }}))
{%- endmacro %}

{% macro spark__empty_map(key_type, value_type) -%}
    cast(map() as {{ column_type('map(' ~ key_type ~ ', ' ~ value_type ~ ')') }})
{%- endmacro %}


{# A JSON array of strings, unpacked to one row an element. #}
{% macro strings_of_json(json_text) -%}
    {{ adapter.dispatch('strings_of_json')(json_text) }}
{%- endmacro %}

{% macro default__strings_of_json(json_text) -%}
    from_json({{ json_text }}, '["VARCHAR"]')
{%- endmacro %}

{% macro spark__strings_of_json(json_text) -%}
    from_json({{ json_text }}, 'array<string>', map('mode', 'FAILFAST'))
{%- endmacro %}


{% macro array_holds(array, element) -%}
    {{ adapter.dispatch('array_holds')(array, element) }}
{%- endmacro %}

{% macro default__array_holds(array, element) -%}
    list_contains({{ array }}, {{ element }})
{%- endmacro %}

{% macro spark__array_holds(array, element) -%}
    array_contains({{ array }}, {{ element }})
{%- endmacro %}


{# One row for each of these, by name: `field` and `value`, which is text. #}
{% macro fields_unpacked(fields) -%}
    {{ adapter.dispatch('fields_unpacked')(fields) }}
{%- endmacro %}

{% macro default__fields_unpacked(fields) -%}
    unnest([
        {%- for field, value in fields.items() %}
        {'field': '{{ field }}', 'value': {{ value }}}{{ ',' if not loop.last }}
        {%- endfor %}
    ])
{%- endmacro %}

{% macro spark__fields_unpacked(fields) -%}
    explode(array(
        {%- for field, value in fields.items() %}
        named_struct('field', '{{ field }}', 'value', {{ value }}){{ ',' if not loop.last }}
        {%- endfor %}
    ))
{%- endmacro %}
