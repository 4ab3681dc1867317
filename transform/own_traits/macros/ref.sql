{#
What a model of TRAITS_DIR reads: another one of them, else a mart; `run_settings` is the one row with
`as_of`, and `stg_stripe__...` are Stripe's objects with one row each.
#}
{% macro ref(name) -%}
    {%- if name in var('own_models') -%}
        {{ return(builtins.ref(name).include(database=false)) }}
    {%- endif -%}
    {%- set schema = 'staging' if name.startswith('stg_stripe__') else 'marts' -%}
    {%- set place = 'pipeline' if name == 'run_settings' else schema -%}
    {{ return(api.Relation.create(schema=place, identifier=name)) }}
{%- endmacro %}
