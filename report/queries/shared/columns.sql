-- Columns of the published tables, in order, with their descriptions.
select
    table_name,
    column_name,
    data_type,
    comment
from duckdb_columns()
where database_name = 'published' and schema_name = 'main'
order by table_name, column_index
