-- Grain: month in which trials ended, currency: how many of them became paid for. One converts with
-- its first paid invoice above 0, whenever that comes: the last months still rise.
{{ config(replaces='everything') }}
with

subscriptions as (

    select * from {{ ref('subscriptions') }}

),

run_settings as (

    select * from {{ ref('stg_pipeline__run_settings') }}

),

trials as (

    select
        subscriptions.currency,
        subscriptions.has_paid,
        case
            when subscriptions.ended_at < subscriptions.trial_end then subscriptions.ended_at
            else subscriptions.trial_end
        end as trial_ended_at
    from subscriptions
    where
        subscriptions.account_id is not null
        and not subscriptions.is_trialing
        and subscriptions.trial_end > subscriptions.trial_start

)

select
    {{ month_of('trials.trial_ended_at') }} as month,
    trials.currency,
    count(*) as trials_ended,
    cast(sum(case when trials.has_paid then 1 else 0 end) as bigint) as trials_converted,
    {{ ratio('sum(case when trials.has_paid then 1 else 0 end)', 'count(*)') }} as conversion_rate
from trials
cross join run_settings
where trials.trial_ended_at <= run_settings.as_of
group by {{ month_of('trials.trial_ended_at') }}, trials.currency
