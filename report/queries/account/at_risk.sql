-- Why MRR of the account may be lost, and when.
select
    reason as risk,
    happens_at,
    currency,
    mrr,
    evidence
from revenue_at_risk
where account_id = $account
order by happens_at nulls last, reason, currency
