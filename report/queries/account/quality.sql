-- What keeps a figure of the account from being known, or needs a look, and what to do.
select
    issues.severity,
    affected.detail,
    issues.remedy,
    affected.object,
    affected.object_id,
    affected.field,
    affected.subscription_id
from data_quality_affected as affected
inner join data_quality_issues as issues on affected.issue_id = issues.issue_id
where affected.account_id = $account
order by issues.severity, affected.issue, affected.affected_id
