{# How a model becomes a table: of one build alone, or kept from build to build. #}

{# A table of this build alone, replaced whole; one statement, as there are many of them. #}
{% materialization working, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set parts = slices(sql) -%}
    {% if existing is not none and existing.type != 'table' %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}
    {% call statement('main') -%}
        create or replace table {{ target }} as (
            {{ parts[0] }}
        )
        {%- for part in parts[1:] %};
        insert into {{ target }} {{ part }}
        {%- endfor %}
    {%- endcall %}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#
A view under its own name at once. dbt makes it under another one, renames it and drops the former one,
which is a sixth of what a full build computes.
#}
{% materialization view, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='view') -%}
    {% if existing is not none and existing.type != 'view' %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}
    {% call statement('main') -%}
        create or replace view {{ target }} as (
            {{ sql }}
        )
    {%- endcall %}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#
A table that is kept between builds. A refresh replaces the rows of `replaces`; a full build replaces
the table, unless `history` says that what it holds cannot be had again. What was deleted and what
was put in stays in `pipeline.replaced` and `refreshed`, for the published copy.
#}
{% materialization kept, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set history = config.get('history', false) -%}
    {%- set parts = slices(sql) -%}
    {% if existing is not none and existing.type != 'table' %}
        {% do adapter.drop_relation(existing) %}
        {% set existing = none %}
    {% endif %}
    {% if existing is none or (is_full_build() and not history) %}
        {% call statement('main') -%}
            drop table if exists {{ target }};
            {{ create_table_as(False, target, parts[0]) }}
            {%- for part in parts[1:] %}
            insert into {{ target }} by name {{ part }};
            {%- endfor %}
        {%- endcall %}
        {% do persist_docs(target, model) %}
    {% else %}
        {%- set fresh = 'refreshed.' ~ this.identifier -%}
        {% call statement('main') -%}
            create or replace table {{ fresh }} as (
                {{ parts[0] }}
            );
            {%- for part in parts[1:] %}
            insert into {{ fresh }} {{ part }};
            {%- endfor %}
            {%- for condition in replaced_rows(config.require('replaces')) %}
            delete from {{ target }} where {{ condition }};
            insert into pipeline.replaced values
            ('{{ this.identifier }}', '{{ condition | replace("'", "''") }}');
            {%- endfor %}
            insert into {{ target }} by name from {{ fresh }};
        {%- endcall %}
    {% endif %}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
