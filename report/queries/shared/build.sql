-- Which build is shown, and when it was published (UTC).
select
    id,
    published_at,
    multiple_subscriptions
from publication.build
