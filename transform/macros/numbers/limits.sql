{#
An amount that is too large is not known: null, with a row in `data_quality_issues`, and no error,
which would keep every account waiting for one. The limit is ours, far below the engines' own, so
that all engines say the same of the same amount, and sums of what is within it fit everywhere.
#}

{# 10^15 minor units a year or a billing period: ten thousand billion dollars. #}
{% macro is_within_limit(expression) -%}
    abs({{ expression }}) < 1000000000000000
{%- endmacro %}


{% macro within_limit(expression) -%}
    case when {{ is_within_limit(expression) }} then {{ expression }} end
{%- endmacro %}


{#
Whether a product is small enough to be computed. It asks floats, which cannot overflow, and are
near enough for that: the limit itself is ten times smaller.
#}
{% macro is_computable(factors, limit='1e16') -%}
    abs({% for factor in factors %}cast({{ factor }} as double){{ ' * ' if not loop.last }}{% endfor %})
    < {{ limit }}
{%- endmacro %}


{# What a rule needs to be above 0, as it is told apart. #}
{% macro positive_or_text(number) -%}
    case when {{ number }} > 0 then 'positive' else cast({{ number }} as {{ text_type() }}) end
{%- endmacro %}
