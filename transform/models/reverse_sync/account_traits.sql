-- depends_on: {{ ref('traits') }}
-- Grain: one account. What is sent out: a JSON object with every trait of the seed `traits`; those
-- of the mode that is off are null. The columns come from the seed: a new trait is a row there.
-- The dates are for the lifecycle where several subscriptions leave no trait that has one.
{% set sent_traits = traits_sent() %}
with

accounts_to_rebuild as (

    select * from {{ ref('int_accounts_to_rebuild') }}

),

single_subscription_traits as (

    select * from {{ ref('single_subscription_traits') }}

),

multi_subscription_traits as (

    select * from {{ ref('multi_subscription_traits') }}

),

subscriptions_listed as (

    select * from {{ ref('int_subscriptions_listed') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

members as (

    select
        single_subscription_traits.account_id,
        single_subscription_traits.name,
        ''
        {%- for trait in sent_traits %}
        || '{{ "" if loop.first else "," }}"stripe.{{ trait.key }}":'
        || coalesce({{ json_member(trait) }}, 'null')
        {%- endfor %} as trait_members,
        {{ json_members_of_map('single_subscription_traits.metadata', "'stripe.metadata.'") }}
            as metadata_members,
        case when run_settings.multiple_subscriptions then subscriptions_listed.ended_at end
            as ended_at,
        case when run_settings.multiple_subscriptions then subscriptions_listed.trial_ends_at end
            as trial_ends_at
    from single_subscription_traits
    inner join accounts_to_rebuild
        on single_subscription_traits.account_id = accounts_to_rebuild.account_id
    inner join multi_subscription_traits
        on single_subscription_traits.account_id = multi_subscription_traits.account_id
    left join subscriptions_listed
        on single_subscription_traits.account_id = subscriptions_listed.account_id
    cross join run_settings

)

select
    account_id,
    name,
    {{ as_json("'{' || trait_members || metadata_members || '}'") }} as traits,
    ended_at,
    trial_ends_at
from members
