{% macro last_day_of_month(year, month) -%}
    {{ adapter.dispatch('last_day_of_month')(year, month) }}
{%- endmacro %}

{% macro default__last_day_of_month(year, month) -%}
    last_day(make_date({{ year }}, {{ month }}, 1))
{%- endmacro %}
