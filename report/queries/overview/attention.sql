-- What wants a look, each with how many accounts or customers it is about.
select
    'customers that are linked to no account' as what,
    count(*) as how_many,
    '/quality' as page
from unlinked_customers
where live_subscription_count > 0
having count(*) > 0

union all

select
    case severity
        when 'error' then 'causes because of which amounts are not known'
        else 'warnings about data at Stripe'
    end as what,
    count(*) as how_many,
    '/quality' as page
from data_quality_issues
where severity in ('error', 'warning')
group by severity

union all

select
    'accounts whose MRR is not known' as what,
    count(*) as how_many,
    '/quality' as page
from account_traits
where unknown_amount is not null
having count(*) > 0
order by how_many desc, what
