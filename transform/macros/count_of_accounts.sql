{#
The accounts of which a condition is true, each once. Without a reporting currency they have one row
each in a month and currency; to look for doubles among a million accounts costs most of a refresh.
#}
{% macro count_of_accounts(condition) -%}
    sum(case when {{ condition }} and reporting_currency is null then 1 else 0 end)
    + count(distinct case when {{ condition }} and reporting_currency is not null then account_id end)
{%- endmacro %}
