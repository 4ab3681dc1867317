{# The traits that are sent one by one, from the seed `traits`; metadata is sent key by key. #}
{% macro traits_sent() -%}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set query -%}
        select column_name, trait_set, trait_key, type from {{ ref('traits') }}
        where type <> 'map' order by trait_key
    {%- endset -%}
    {%- set traits = [] -%}
    {%- for row in run_query(query).rows -%}
        {%- do traits.append({'column': row[0], 'set': row[1], 'key': row[2], 'type': row[3]}) -%}
    {%- endfor -%}
    {{ return(traits) }}
{%- endmacro %}


{# One trait as JSON text; null where it belongs to the mode that is off. #}
{% macro json_member(trait) -%}
    {%- if trait.set == 'customer' -%}
        {{ json_text('single_subscription_traits.' ~ trait.column, trait.type) }}
    {%- elif trait.set == 'single' -%}
        case
            when not run_settings.multiple_subscriptions
                then {{ json_text('single_subscription_traits.' ~ trait.column, trait.type) }}
        end
    {%- else -%}
        case
            when run_settings.multiple_subscriptions
                then {{ json_text('multi_subscription_traits.' ~ trait.column, trait.type) }}
        end
    {%- endif -%}
{%- endmacro %}
