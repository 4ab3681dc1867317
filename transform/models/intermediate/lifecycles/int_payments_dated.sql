-- Grain: one account that was paid for: since when without a gap, if it still is; else until when.
{{ config(materialized='view') }}
with

payments_spanned as (

    select * from {{ ref('int_payments_spanned') }}

)

select
    account_id,
    max(paid_until) as paid_until,
    case
        when bool_or(paid_until is null) then max(case when is_beginning then paid_from end)
    end as subscribed_since
from payments_spanned
group by account_id
