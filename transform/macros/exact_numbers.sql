{#
Money without floats. DuckDB's `/` on decimals is a DOUBLE, so every division of money goes through
`divide_exactly`: whole-number division of the 12-decimal value, rounded half up at the 12th decimal.
Amounts are `amount` (decimal(38,12), minor units) until a mart rounds them once with `rounded_major`.
#}

{# Every branch of a `case` or `coalesce` over amounts needs it: between decimals of different scale
DuckDB takes the smallest one, and cents are lost in silence. #}
{% macro amount(expression) -%}
    cast({{ expression }} as decimal(38, 12))
{%- endmacro %}


{# The value times 10^12 as a whole number; split at the point, so that large values fit. #}
{% macro scaled(expression) -%}
    {{ adapter.dispatch('scaled')(expression) }}
{%- endmacro %}

{% macro default__scaled(expression) -%}
    (
        cast(floor({{ expression }}) as hugeint) * 1000000000000
        + cast(({{ expression }} - floor({{ expression }})) * 1000000000000 as hugeint)
    )
{%- endmacro %}


{# Whole-number quotient, towards zero; null when the divisor is 0. #}
{% macro integer_quotient(dividend, divisor) -%}
    {{ adapter.dispatch('integer_quotient')(dividend, divisor) }}
{%- endmacro %}

{% macro default__integer_quotient(dividend, divisor) -%}
    ({{ dividend }} // nullif({{ divisor }}, 0))
{%- endmacro %}


{# numerator: decimal(38,12) of either sign; divisor: a positive whole number. #}
{% macro divide_exactly(numerator, divisor) -%}
    {{ adapter.dispatch('divide_exactly')(numerator, divisor) }}
{%- endmacro %}

{% macro default__divide_exactly(numerator, divisor) -%}
    cast(
        sign({{ numerator }}) * {{ integer_quotient(
            '(2 * ' ~ scaled('abs(' ~ numerator ~ ')') ~ ' + ' ~ divisor ~ ')',
            '(2 * cast(' ~ divisor ~ ' as hugeint))'
        ) }} as decimal(38, 0)
    ) * 0.000000000001
{%- endmacro %}


{# part / whole of two amounts, 0 to 1, at 14 decimals; null when the whole is 0. #}
{% macro fraction_of(part, whole) -%}
    {{ adapter.dispatch('fraction_of')(part, whole) }}
{%- endmacro %}

{% macro default__fraction_of(part, whole) -%}
    cast(
        {{ integer_quotient(
            'cast(' ~ part ~ ' * 1000000 as hugeint) * 100000000000000',
            'cast(' ~ whole ~ ' * 1000000 as hugeint)'
        ) }} as decimal(38, 0)
    ) * 0.00000000000001
{%- endmacro %}


{# total * part / whole. Six decimals make a third of 300 whole again; the last share is the rest. #}
{% macro share_of(total, part, whole) -%}
    case
        when {{ part }} = {{ whole }} then {{ total }}
        else {{ amount(
            'round(cast(' ~ total ~ ' as decimal(38, 9)) * ' ~ fraction_of(part, whole) ~ ', 6)'
        ) }}
    end
{%- endmacro %}


{# A sum that is null when one of its parts is: never too little in silence. #}
{% macro sum_of_known(expression) -%}
    case when count(*) = count({{ expression }}) then {{ amount('sum(' ~ expression ~ ')') }} end
{%- endmacro %}


{# Whole minor units, half up. Nine decimals first: three thirds of 32.5 are 32.5, not 32.499999999999. #}
{% macro rounded_minor(expression) -%}
    round(round({{ expression }}, 9), 0)
{%- endmacro %}


{# One minor unit in major units: 1, 0.01 or 0.001. #}
{% macro minor_unit(exponent) -%}
    case {{ exponent }} when 0 then 1.000 when 3 then 0.001 else 0.010 end
{%- endmacro %}


{# Minor units of one currency in, minor units of another out; rate is per major unit. #}
{% macro converted(expression, exponent, rate, to_exponent) -%}
    {{ amount(
        '(' ~ expression ~ ' * ' ~ minor_unit(exponent) ~ ' * ' ~ rate
        ~ ' * case ' ~ to_exponent ~ ' when 0 then 1 when 3 then 1000 else 100 end)'
    ) }}
{%- endmacro %}


{# Minor units in, major units out, rounded once, half up, to the currency's exponent. #}
{% macro rounded_major(expression, exponent) -%}
    cast({{ rounded_minor(expression) }} * {{ minor_unit(exponent) }} as decimal(18, 3))
{%- endmacro %}


{# Whole minor units (an integer) in, major units out. #}
{% macro major(expression, exponent) -%}
    cast({{ expression }} * {{ minor_unit(exponent) }} as decimal(18, 3))
{%- endmacro %}
