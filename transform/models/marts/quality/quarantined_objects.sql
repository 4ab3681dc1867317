-- Grain: one object of Stripe that is kept out, because a value of it stands in no known shape:
-- which one and which field, and nothing of what it says. Its last good row counts.
{{ config(replaces='everything') }}
select
    stripe_account_id,
    stream,
    object_id,
    path,
    problem,
    read_at
from {{ ref('stg_stripe__quarantined_objects') }}
