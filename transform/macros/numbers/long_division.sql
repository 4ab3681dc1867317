{#
factor * part / whole of whole numbers, half up. The product may have 60 digits, so this is long
division: seven digits of the factor at a time, `q` the quotient so far, `r` what is left over.
#}
{% macro multiplied_and_divided(factor, part, whole) -%}
    {{ adapter.dispatch('multiplied_and_divided')(factor, part, whole) }}
{%- endmacro %}

{# A list of one, so that each expression stands here once: its text is as long as all else. #}
{% macro default__multiplied_and_divided(factor, part, whole) -%}
    {%- set zero = 'cast(0 as hugeint)' -%}
    {%- set step = '(s.r * 10000000 + x.q * v.part + x.r)' -%}
    list_transform(
        [{'factor': {{ factor }}, 'part': {{ part }}, 'whole': {{ whole }}}],
        lambda v: list_reduce(
            [
                {'q': {{ zero }}, 'r': {{ zero }}},
                {% for exponent in [28, 21, 14, 7, 0] %}
                {
                    'q': v.factor // cast(1{{ '0' * exponent }} as hugeint)
                    {%- if not loop.first %} % 10000000{% endif %},
                    'r': {% if loop.last %}v.whole // 2{% else %}{{ zero }}{% endif %}
                }{% if not loop.last %},{% endif %}
                {%- endfor %}
            ],
            lambda s, x: {
                'q': s.q * 10000000 + {{ step }} // v.whole,
                'r': {{ step }} % v.whole
            }
        ).q
    )[1]
{%- endmacro %}

{% macro spark__multiplied_and_divided(factor, part, whole) -%}
    {%- set step = '(s.r * 10000000 + x.d * ' ~ part ~ ' + x.h)' -%}
    aggregate(
        array(
            {%- for exponent in [28, 21, 14, 7, 0] %}
            {%- set digits = truncated_quotient(factor, '1' ~ '0' * exponent) %}
            named_struct(
                'd', cast({{ digits }}{% if not loop.first %} % 10000000{% endif %} as decimal(38, 0)),
                'h', {% if loop.last %}{{ truncated_quotient(whole, '2') }}
                {%- else %}cast(0 as decimal(38, 0)){% endif %}
            ){% if not loop.last %},{% endif %}
            {%- endfor %}
        ),
        named_struct('q', cast(0 as decimal(38, 0)), 'r', cast(0 as decimal(38, 0))),
        (s, x) -> named_struct(
            'q', cast(s.q * 10000000 + {{ truncated_quotient(step, whole) }} as decimal(38, 0)),
            'r', cast({{ step }} % {{ whole }} as decimal(38, 0))
        ),
        s -> s.q
    )
{%- endmacro %}

{# Of whole decimals, towards zero: what is left over is taken off before Spark's `/` can round. #}
{% macro truncated_quotient(dividend, divisor) -%}
    cast(({{ dividend }} - {{ dividend }} % {{ divisor }}) / {{ divisor }} as decimal(38, 0))
{%- endmacro %}
