-- Grain: one account that has, or had, a paid invoice with a total above 0, at any time.
{{ config(materialized='view') }}
with

invoices_ranked as (

    select * from {{ ref('int_invoices_ranked') }}

)

select distinct account_id
from invoices_ranked
where total > 0 and account_id is not null
