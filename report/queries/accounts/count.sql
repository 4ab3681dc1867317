-- How many accounts fulfil the conditions.
select count(*) as accounts
from accounts {joins}
where {conditions} and {search}
