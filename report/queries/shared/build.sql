-- Which build is shown, of which moment it tells (where the copy says so), and when it was
-- published (UTC).
select columns('^(id|published_at|as_of)$')
from publication.build
