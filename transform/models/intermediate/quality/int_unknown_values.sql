-- Grain: object, id, field. A value of Stripe's that no rule here knows, or one that a rule needs
-- and that is not there ('null'), among what was loaded since the last build. Must be empty: a
-- figure built on a guess is worse than none.
{% set read_values = {
    'subscription': ('stg_stripe__subscriptions', 'subscription_id', {
        'status': 'status', 'pause_collection.behavior': 'pause_collection_behavior',
    }),
    'price': ('stg_stripe__prices', 'price_id', {
        'type': 'type',
        'billing_scheme': 'billing_scheme',
        'tiers_mode': "case when billing_scheme = 'tiered' then coalesce(tiers_mode, 'null') end",
        'recurring.interval':
            "case when type = 'recurring' then coalesce(recurring_interval, 'null') end",
        'recurring.interval_count': positive_or_text('recurring_interval_count'),
        'recurring.usage_type': 'usage_type',
        'transform_quantity.divide_by': positive_or_text('transform_divide_by'),
        'transform_quantity.round':
            "case when transform_divide_by is not null then coalesce(transform_round, 'null') end",
    }),
    'coupon': ('stg_stripe__coupons', 'coupon_id', {
        'duration': 'duration',
        'percent_off or amount_off':
            "case when coalesce(percent_off, amount_off) is null then 'null' end",
    }),
    'discount': ('int_discounts_loaded', 'discount_key', {'source.coupon.duration': 'duration'}),
} %}
with

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

-- One pass over each table, however many of its fields are read.
unpacked as (
    {% for object, (model, id, fields) in read_values.items() %}
    select
        '{{ object }}' as object,
        stripe_account_id,
        {{ id }} as id,
        {{ fields_unpacked(fields) }} as read_value
    from {{ ref(model) }} as {{ object }}s
    where {{ loaded_since_last_build(object ~ 's') }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

read_values as (

    select
        object,
        stripe_account_id,
        id,
        read_value.field,
        read_value.value
    from unpacked

),

known_values as (

    select
        object,
        field,
        known_value
    from {{ ref('known_values') }}

    union all

    select
        'subscription' as object,
        'status' as field,
        status as known_value
    from {{ ref('subscription_statuses') }}

    union all

    select
        'price' as object,
        'recurring.interval' as field,
        billing_interval as known_value
    from {{ ref('billing_intervals') }}

)

select distinct
    read_values.object,
    read_values.stripe_account_id,
    read_values.id,
    read_values.field,
    read_values.value
from read_values
left join known_values
    on
        read_values.object = known_values.object
        and read_values.field = known_values.field
        and read_values.value = known_values.known_value
where read_values.value is not null and known_values.known_value is null
