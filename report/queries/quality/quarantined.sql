-- Objects of Stripe that are kept out, and the field that nobody can read.
select
    stream,
    object_id,
    path,
    problem,
    read_at as since
from quarantined_objects
order by read_at desc, stream, object_id
