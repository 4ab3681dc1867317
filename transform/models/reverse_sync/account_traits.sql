-- depends_on: {{ ref('traits') }}
-- Grain: one account. What is sent out: a JSON object with every trait of the seed `traits`; those
-- of the mode that is off are null. The columns come from the seed: a new trait is a row there.
-- Beside them: what the lifecycle in the account store is made of and no trait says.
{{ config(sliced_by='account_id', sliced_for='int_customers_to_rebuild') }}
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

lifecycles_dated as (

    select * from {{ ref('int_lifecycles_dated') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

members as (

    select
        single_subscription_traits.account_id,
        single_subscription_traits.name,
        -- In one call: `||` writes what is there so far anew for each part.
        concat(
            {%- for trait in sent_traits %}
            {{ "'" }}{{ "" if loop.first else "," }}"stripe.{{ trait.key }}":',
            coalesce({{ json_member(trait) }}, 'null'){{ '' if loop.last else ',' }}
            {%- endfor %}
        ) as trait_members,
        {{ json_members_of_map('single_subscription_traits.metadata', "'stripe.metadata.'") }}
            as metadata_members,
        lifecycles_dated.has_paid,
        lifecycles_dated.unknown_amount,
        lifecycles_dated.subscribed_since,
        lifecycles_dated.trial_since,
        lifecycles_dated.trial_ends_at,
        lifecycles_dated.ended_at
    from single_subscription_traits
    inner join accounts_to_rebuild
        on single_subscription_traits.account_id = accounts_to_rebuild.account_id
    inner join multi_subscription_traits
        on single_subscription_traits.account_id = multi_subscription_traits.account_id
    inner join lifecycles_dated
        on single_subscription_traits.account_id = lifecycles_dated.account_id
    cross join run_settings

)

select
    account_id,
    name,
    {{ as_json("'{' || trait_members || metadata_members || '}'") }} as traits,
    has_paid,
    unknown_amount,
    subscribed_since,
    trial_since,
    trial_ends_at,
    ended_at
from members
