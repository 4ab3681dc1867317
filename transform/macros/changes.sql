{# What a refresh rebuilds: rows loaded since the last build, moments that `as_of` has passed. #}

{% macro loaded_since_last_build(relation) -%}
    {{ relation }}.loaded_at > (select run_settings.changed_since from run_settings)
{%- endmacro %}


{# In a full build everything was loaded "since", so that nothing needs to be passed. #}
{% macro passed_since_last_build(moment) -%}
    {{ moment }} > (select run_settings.previous_as_of from run_settings)
    and {{ moment }} <= (select run_settings.as_of from run_settings)
{%- endmacro %}
