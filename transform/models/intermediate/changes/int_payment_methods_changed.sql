-- Grain: one customer who, or whose subscription, names a payment method that changed since the
-- last build.
{{ config(materialized='view') }}
with

payment_methods as (

    select * from {{ ref('stg_stripe__payment_methods') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

-- Each branch names its model anew: a CTE that several read is written out whole before they begin.
named_payment_methods as (
    {% for holders in ['customers', 'subscriptions'] %}
    {% for column in ['default_payment_method_id', 'default_source_id'] %}
    select
        stripe_account_id,
        customer_id,
        {{ column }} as payment_method_id
    from {{ ref('stg_stripe__' ~ holders) }} as {{ holders }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

)

select distinct
    named_payment_methods.stripe_account_id,
    named_payment_methods.customer_id
from named_payment_methods
inner join payment_methods using (stripe_account_id, payment_method_id)
where {{ loaded_since_last_build('payment_methods') }}
