-- The customer's metadata, keys verbatim.
select
    pair.key as metadata_key,
    pair.value
from (select unnest(map_entries(metadata)) as pair from accounts where account_id = $account)
order by metadata_key
