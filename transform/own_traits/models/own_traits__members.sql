-- Grain: one account: its own traits as further members of the JSON object that is sent. `graph` has
-- the models of TRAITS_DIR with the columns that their YAML declares.
{% set columns = [] %}
{%- for node in graph.nodes.values()
    if node.original_file_path.startswith('models/own/')
    and node.config.materialized != 'ephemeral' %}
    {%- for column in node.columns.values() if column.name != 'account_id' %}
        {%- do columns.append(column) %}
    {%- endfor %}
{%- endfor %}
select
    account_id,
    ''
    {%- for column in columns | sort(attribute='name') %}
    || ',"custom.{{ column.name }}":'
    || coalesce({{ json_text('"' ~ column.name ~ '"', json_type(column.data_type or '')) }}, 'null')
    {%- endfor %} as members
from marts.custom_traits
