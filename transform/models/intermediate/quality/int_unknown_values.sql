-- Grain: object, id, field. A value of Stripe's that no rule here knows, or one that a rule needs
-- and that is not there ('null'), among what was loaded since the last build. Must be empty: a
-- figure built on a guess is worse than none.
{% set read_values = [
    ('subscription', 'stg_stripe__subscriptions', 'subscription_id', 'status', 'status'),
    ('subscription', 'stg_stripe__subscriptions', 'subscription_id',
        'pause_collection.behavior', 'pause_collection_behavior'),
    ('price', 'stg_stripe__prices', 'price_id', 'type', 'type'),
    ('price', 'stg_stripe__prices', 'price_id', 'billing_scheme', 'billing_scheme'),
    ('price', 'stg_stripe__prices', 'price_id', 'tiers_mode',
        "case when billing_scheme = 'tiered' then coalesce(tiers_mode, 'null') end"),
    ('price', 'stg_stripe__prices', 'price_id', 'recurring.interval',
        "case when type = 'recurring' then coalesce(recurring_interval, 'null') end"),
    ('price', 'stg_stripe__prices', 'price_id', 'recurring.interval_count',
        "case when recurring_interval_count > 0 then 'positive' else cast(recurring_interval_count as " ~ text_type() ~ ") end"),
    ('price', 'stg_stripe__prices', 'price_id', 'recurring.usage_type', 'usage_type'),
    ('price', 'stg_stripe__prices', 'price_id', 'transform_quantity.divide_by',
        "case when transform_divide_by > 0 then 'positive' else cast(transform_divide_by as " ~ text_type() ~ ") end"),
    ('price', 'stg_stripe__prices', 'price_id', 'transform_quantity.round',
        "case when transform_divide_by is not null then coalesce(transform_round, 'null') end"),
    ('coupon', 'stg_stripe__coupons', 'coupon_id', 'duration', 'duration'),
    ('coupon', 'stg_stripe__coupons', 'coupon_id', 'percent_off or amount_off',
        "case when coalesce(percent_off, amount_off) is null then 'null' end"),
    ('discount', 'stg_stripe__discounts', 'discount_key', 'source.coupon.duration', 'duration'),
] %}
with

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

read_values as (
    {% for object, model, id, field, value in read_values %}
    select
        '{{ object }}' as object,
        stripe_account_id,
        {{ id }} as id,
        '{{ field }}' as field,
        {{ value }} as value
    from {{ ref(model) }} as {{ object }}s
    where {{ loaded_since_last_build(object ~ 's') }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

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
