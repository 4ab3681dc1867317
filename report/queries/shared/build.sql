-- Which build is shown, of which moment it tells, and when it was published (UTC).
select
    id,
    published_at,
    as_of,
    multiple_subscriptions
from publication.build
