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


{# Null where the number does not fit its type; Spark says so by itself. #}
{% macro null_if_too_large(expression) -%}
    {{ adapter.dispatch('null_if_too_large')(expression) }}
{%- endmacro %}

{% macro default__null_if_too_large(expression) -%}
    try({{ expression }})
{%- endmacro %}

{% macro spark__null_if_too_large(expression) -%}
    ({{ expression }})
{%- endmacro %}
