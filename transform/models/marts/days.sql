-- Grain: one day, from Stripe's beginnings to the end of the month of `as_of`: the time spine.
{{ config(materialized='table') }}
with

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

)

select
    {{ days_from("date '2011-01-01'", 'last_day(run_settings.as_of)') }} as day
from run_settings
