-- Grain: one subscription that has, or had, a paid invoice with a total above 0, at any time.
{{ config(materialized='view') }}
with

invoices_ranked as (

    select * from {{ ref('int_invoices_ranked') }}

)

select distinct
    stripe_account_id,
    subscription_id
from invoices_ranked
where total > 0 and subscription_id is not null
