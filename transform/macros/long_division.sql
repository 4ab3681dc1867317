{#
factor * part / whole of whole numbers, half up. The product may have 60 digits, so this is long
division: seven digits of the factor at a time, `q` the quotient so far, `r` what is left over.
#}
{% macro multiplied_and_divided(factor, part, whole) -%}
    {{ adapter.dispatch('multiplied_and_divided')(factor, part, whole) }}
{%- endmacro %}

{% macro default__multiplied_and_divided(factor, part, whole) -%}
    {%- set zero = 'cast(0 as hugeint)' -%}
    {%- set step = '(s.r * 10000000 + x.d * ' ~ part ~ ' + x.h)' -%}
    list_reduce(
        [
            {'q': {{ zero }}, 'r': {{ zero }}, 'd': {{ zero }}, 'h': {{ zero }}},
            {% for exponent in [28, 21, 14, 7, 0] %}
            {
                'q': {{ zero }},
                'r': {{ zero }},
                'd': {{ factor }} // cast(1{{ '0' * exponent }} as hugeint)
                {%- if not loop.first %} % 10000000{% endif %},
                'h': {% if loop.last %}{{ whole }} // 2{% else %}{{ zero }}{% endif %}
            }{% if not loop.last %},{% endif %}
            {%- endfor %}
        ],
        lambda s, x: {
            'q': s.q * 10000000 + {{ step }} // {{ whole }},
            'r': {{ step }} % {{ whole }},
            'd': {{ zero }},
            'h': {{ zero }}
        }
    ).q
{%- endmacro %}
