{#
How a build and a refresh are told apart: by the run's own row of settings, not by a flag of dbt. The
SQL of a model is the same in both; in a refresh it reads the accounts to rebuild, in a full build
all of them. A refresh rebuilds what was loaded since the last build, and what moments ended that
`as_of` has passed since.
#}

{% macro is_full_build() -%}
    {%- if not execute -%}{{ return(true) }}{%- endif -%}
    {%- set query = 'select changed_since is null from ' ~ source('pipeline', 'run_settings') -%}
    {{ return(run_query(query).columns[0][0]) }}
{%- endmacro %}


{% macro loaded_since_last_build(relation) -%}
    {{ relation }}.loaded_at > (select run_settings.changed_since from run_settings)
{%- endmacro %}


{# In a full build everything was loaded "since", so that nothing needs to be passed. #}
{% macro passed_since_last_build(moment) -%}
    {{ moment }} > (select run_settings.previous_as_of from run_settings)
    and {{ moment }} <= (select run_settings.as_of from run_settings)
{%- endmacro %}


{# The months that a build sums up: all of them, in a refresh that of `as_of`, which is the last. One
comparison, because DuckDB passes over the other months' rows unread by one, and not by an `or`. #}
{% macro in_months_to_sum(month, first='run_settings.current_month') -%}
    {{ month }} >= case
        when run_settings.is_full then cast('1900-01-01' as date) else {{ first }}
    end
{%- endmacro %}
