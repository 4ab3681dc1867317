{#
From minor units to major ones: the only place that knows a currency's exponent. Rounding is done
here, once, and nowhere before. What does not fit its column is null.
#}

{# One minor unit in major units: 1, 0.01 or 0.001. #}
{% macro minor_unit(exponent) -%}
    case {{ exponent }} when 0 then 1.000 when 3 then 0.001 else 0.010 end
{%- endmacro %}


{# Minor units of one currency in, minor units of another out; rate is per major unit.
Null from 10^12 major units on. #}
{% macro converted(expression, exponent, rate, to_exponent) -%}
    case
        when {{ is_computable([expression, minor_unit(exponent), rate], '1e12') }}
            then {{ amount(
                '(' ~ expression ~ ' * ' ~ minor_unit(exponent) ~ ' * ' ~ rate
                ~ ' * case ' ~ to_exponent ~ ' when 0 then 1 when 3 then 1000 else 100 end)'
            ) }}
    end
{%- endmacro %}


{# Minor units in, major units out, not rounded: 12 decimals of a minor unit are 15 of a major one. #}
{% macro exact_major(expression, exponent) -%}
    try_cast({{ expression }} * {{ minor_unit(exponent) }} as decimal(38, 15))
{%- endmacro %}


{#
Minor units in, major units out, rounded once, half up, to the currency's exponent. Nothing is rounded
before: what was divided has been rounded at the 12th decimal by the division itself, which is
where three thirds of 32.5 become 32.5 again.
#}
{% macro rounded_major(expression, exponent) -%}
    try_cast(round({{ expression }}, 0) * {{ minor_unit(exponent) }} as decimal(18, 3))
{%- endmacro %}


{# Whole minor units (an integer) in, major units out. #}
{% macro major(expression, exponent) -%}
    try_cast({{ expression }} * {{ minor_unit(exponent) }} as decimal(18, 3))
{%- endmacro %}


{# Major units in, rounded half up to the currency's exponent. #}
{% macro rounded_to(expression, exponent) -%}
    case {{ exponent }}
        when 0 then try_cast(round({{ expression }}, 0) as decimal(18, 3))
        when 3 then try_cast(round({{ expression }}, 3) as decimal(18, 3))
        else try_cast(round({{ expression }}, 2) as decimal(18, 3))
    end
{%- endmacro %}
