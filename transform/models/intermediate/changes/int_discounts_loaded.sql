-- Grain: one discount that was loaded since the last build and still hangs where it was.
{{ config(materialized='view') }}
with

landed_discounts as (

    select * from {{ ref('stg_stripe__landed_discounts') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

-- Both branches read it, so it is written out before they begin: where none was loaded, nothing is
-- asked of what discounts hang on.
loaded_discounts as (

    select * from landed_discounts
    where {{ loaded_since_last_build('landed_discounts') }}

)

{{ discounts_that_hang(
    'loaded_discounts',
    ref('stg_stripe__customers'),
    ref('stg_stripe__subscriptions')
) }}
