-- Causes that keep figures from being known, or need a look; what hangs on each, and what to do.
select
    severity,
    detail,
    affected_accounts,
    affected_mrr,
    subscriptions_without_mrr,
    remedy,
    object,
    object_id,
    issue_id
from data_quality_issues
order by
    case severity when 'error' then 0 when 'warning' then 1 else 2 end,
    affected_accounts desc,
    issue_id
