{#
Money without floats. DuckDB's `/` on decimals is a DOUBLE, so every division of money goes through
`divide_exactly` or `share_of`: whole-number division of the 12-decimal value, rounded half up at the
12th decimal.
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

{% macro spark__scaled(expression) -%}
    cast(
        cast(floor({{ expression }}) as decimal(26, 0)) * 1000000000000
        + ({{ expression }} - floor({{ expression }})) * 1000000000000 as decimal(38, 0)
    )
{%- endmacro %}


{# Whole-number quotient, towards zero; null when the divisor is 0. #}
{% macro integer_quotient(dividend, divisor) -%}
    {{ adapter.dispatch('integer_quotient')(dividend, divisor) }}
{%- endmacro %}

{% macro default__integer_quotient(dividend, divisor) -%}
    ({{ dividend }} // nullif({{ divisor }}, 0))
{%- endmacro %}

{% macro spark__integer_quotient(dividend, divisor) -%}
    ({{ dividend }} div nullif({{ divisor }}, 0))
{%- endmacro %}


{# numerator: decimal(38,12) of either sign; divisor: a positive whole number. #}
{% macro divide_exactly(numerator, divisor) -%}
    {{ adapter.dispatch('divide_exactly')(numerator, divisor) }}
{%- endmacro %}

{# Most intervals count 1: nothing is divided there. #}
{% macro default__divide_exactly(numerator, divisor) -%}
    {%- set quotient -%}
        cast(
            sign({{ numerator }}) * {{ integer_quotient(
                '(2 * ' ~ scaled('abs(' ~ numerator ~ ')') ~ ' + ' ~ divisor ~ ')',
                '(2 * cast(' ~ divisor ~ ' as hugeint))'
            ) }} as decimal(38, 0)
        ) * 0.000000000001
    {%- endset -%}
    {%- if divisor is number -%}
        {{ quotient }}
    {%- else -%}
        case when {{ divisor }} = 1 then {{ amount(numerator) }} else {{ quotient }} end
    {%- endif -%}
{%- endmacro %}

{# Half a unit of the 12th decimal is added, and what is then left over taken off, so that the quotient
has no further decimal: Spark's `/` of decimals rounds at one of its own choice. #}
{% macro spark__divide_exactly(numerator, divisor) -%}
    {%- set divisor = 'nullif(cast(' ~ divisor ~ ' as decimal(10, 0)), 0)' -%}
    {%- set half = divisor ~ ' * 0.0000000000005' -%}
    {%- set raised = '(' ~ numerator ~ ' + case when ' ~ numerator ~ ' < 0 then - ' ~ half
        ~ ' else ' ~ half ~ ' end)' -%}
    cast(
        ({{ raised }} - {{ raised }} % ({{ divisor }} * 0.000000000001)) / {{ divisor }}
        as decimal(38, 12)
    )
{%- endmacro %}


{# total * part / whole of amounts, rounded half up at the 12th decimal; null when the whole is 0. #}
{% macro share_of(total, part, whole) -%}
    case
        when {{ part }} = {{ whole }} then {{ total }}
        else cast({{ multiplied_and_divided(
            scaled(total), scaled(part), 'nullif(' ~ scaled(whole) ~ ', 0)'
        ) }} as decimal(38, 0)) * 0.000000000001
    end
{%- endmacro %}


{# A sum that is null when one of its parts is: never too little in silence. #}
{% macro sum_of_known(expression) -%}
    case when count(*) = count({{ expression }}) then {{ amount('sum(' ~ expression ~ ')') }} end
{%- endmacro %}


{# A ratio of amounts to 6 decimals; null where there is nothing to relate to, or too much. #}
{% macro ratio(part, whole) -%}
    case
        when
            {{ whole }} <> 0
            and {{ is_computable([whole], '1e18') }}
            and {{ is_computable([part], '1e11 * abs(cast(' ~ whole ~ ' as double))') }}
            then cast({{ share_of(amount('1'), amount(part), amount(whole)) }} as decimal(18, 6))
    end
{%- endmacro %}
