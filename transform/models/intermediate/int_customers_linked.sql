-- Grain: one customer. The linking rule: which account a customer belongs to; null is unlinked.
with

customers as (

    select * from {{ ref('stg_stripe__customers') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

)

select
    case
        when run_settings.account_id_metadata_key is null then customers.customer_id
        else {{ trimmed(map_value('customers.metadata', 'run_settings.account_id_metadata_key')) }}
    end as account_id,
    customers.*
from customers
cross join run_settings
