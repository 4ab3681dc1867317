-- Accounts that fulfil the conditions; braces are filled with published columns, never with text
-- of a browser.
select {columns}
from accounts {joins}
where {conditions} and {search}
order by {order}, accounts.account_id
