-- MRR that may be lost: of whom, why, when, and what says so; the nearest first.
select
    revenue_at_risk.reason as risk,
    revenue_at_risk.happens_at,
    revenue_at_risk.account_id,
    accounts.name,
    accounts.email,
    revenue_at_risk.currency,
    revenue_at_risk.mrr,
    revenue_at_risk.evidence
from revenue_at_risk
left join accounts on revenue_at_risk.account_id = accounts.account_id
where $risk is null or revenue_at_risk.reason = $risk
order by
    revenue_at_risk.happens_at nulls last,
    revenue_at_risk.mrr desc nulls first,
    revenue_at_risk.account_id,
    revenue_at_risk.reason,
    revenue_at_risk.currency
