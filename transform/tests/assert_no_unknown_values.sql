-- A value that no rule knows stops the build; `int_unknown_values` names object, id, field and
-- value.
{{ config(tags=['each_refresh']) }}
select * from {{ ref('int_unknown_values') }}
