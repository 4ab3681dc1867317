-- Metadata keys that customers carry, the most frequent first.
select
    key,
    count(*) as customers
from (select unnest(map_keys(metadata)) as key from single_subscription_traits)
group by key
order by customers desc, key
limit 500
