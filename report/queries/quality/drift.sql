-- Where the account store held something else than it had acknowledged, at the last comparison.
select
    account_id,
    kind,
    trait,
    acknowledged,
    held,
    found_at
from sync_drift
order by account_id, trait
