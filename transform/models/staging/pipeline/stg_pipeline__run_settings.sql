-- Grain: one row, the settings of this run. Every rule that depends on "now" reads `as_of` here.
select
    as_of,
    nullif(trim(account_id_metadata_key), '') as account_id_metadata_key,
    coalesce(multiple_subscriptions, false) as multiple_subscriptions,
    lower(nullif(trim(reporting_currency), '')) as reporting_currency,
    mrr_discount_durations,
    mrr_pause_collection
from {{ source('pipeline', 'run_settings') }}
