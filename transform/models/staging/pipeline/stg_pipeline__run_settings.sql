-- Grain: one row, the settings of this run. Every rule that depends on "now" reads `as_of` here.
-- A refresh rebuilds what was loaded after `changed_since`; in a full build that is everything.
select
    as_of,
    cast(date_trunc('month', as_of) as date) as current_month,
    coalesce(changed_since, cast('1900-01-01' as timestamp)) as changed_since,
    changed_since is null as is_full,
    coalesce(previous_as_of, as_of) as previous_as_of,
    coalesce(kept_until, as_of) as kept_until,
    nullif(trim(account_id_metadata_key), '') as account_id_metadata_key,
    coalesce(multiple_subscriptions, false) as multiple_subscriptions,
    lower(nullif(trim(reporting_currency), '')) as reporting_currency,
    mrr_discount_durations,
    mrr_pause_collection
from {{ source('pipeline', 'run_settings') }}
