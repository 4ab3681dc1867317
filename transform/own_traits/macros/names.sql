{# A model is found by its own name, whatever it is configured to be called. #}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {{ node.name }}
{%- endmacro %}

{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema }}
{%- endmacro %}
