-- The last runs that brought traits to the account store.
select
    as_of,
    status,
    creates,
    updates,
    churns,
    acknowledged,
    rejected,
    pending + coalesce(deferred, 0) as waiting,
    error
from sync_runs
order by version desc
