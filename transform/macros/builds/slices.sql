{#
A model whose rows may be long is made slice by slice: DuckDB computes 2,048 rows at a time, whatever
their length, and reading JSON takes four times their length. The metadata of a customer may have
27,000 characters; mostly it has a hundred, and there is one slice: the same statement as ever.
`sliced_by` names a column that tells rows apart, `sliced_for` the table of the customers whose
metadata is read.
#}

{% macro slices(sql) -%}
    {%- set column = config.get('sliced_by') -%}
    {%- set count = slice_count(config.get('sliced_for')) if column and execute else 1 -%}
    {%- if count == 1 -%}{{ return([sql]) }}{%- endif -%}
    {%- set parts, width = [], 2 ** 64 // count + 1 -%}
    {%- for number in range(count) -%}
        {# By ranges, which DuckDB asks of the rows that it reads; a remainder it asks of the result. #}
        {%- set low, high = number * width, [(number + 1) * width, 2 ** 64] | min - 1 -%}
        {%- do parts.append(
            'select * from (' ~ sql ~ '\n) as whole where hash(' ~ column ~ ') between '
            ~ low ~ ' and ' ~ high
        ) -%}
    {%- endfor -%}
    {{ return(parts) }}
{%- endmacro %}


{# As many as make 2,048 of the longest metadata about 4 MiB; one where all that is read is that. #}
{% macro slice_count(customers) -%}
    {%- set query -%}
        select
            case
                when coalesce(sum(length), 0) <= (4 << 20) then 1
                else 1 + max(length) * 2048 // (4 << 20)
            end
        from (
            select strlen(metadata) as length
            from {{ source('stripe', 'customers') }}
            where id in (select customer_id from intermediate.{{ customers }})
        ) as lengths
    {%- endset -%}
    {{ return(run_query(query).columns[0][0] | int) }}
{%- endmacro %}
