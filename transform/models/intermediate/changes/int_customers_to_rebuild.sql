-- Grain: one customer's id to rebuild, with the account: every customer of an account to rebuild,
-- and the changed ones without an account.
with

customers_changed as (

    select * from {{ ref('int_customers_changed') }}

),

accounts_to_rebuild as (

    select * from {{ ref('int_accounts_to_rebuild') }}

)

select
    links_resolved.stripe_account_id,
    links_resolved.customer_id,
    links_resolved.account_id
from {{ named_rows(
    ref('int_links_resolved'), 'account_id', ref('int_accounts_to_rebuild'), position='rowid'
) }} as links_resolved
inner join accounts_to_rebuild using (account_id)

union all

select
    links_resolved.stripe_account_id,
    links_resolved.customer_id,
    links_resolved.account_id
from {{ ref('int_links_resolved') }} as links_resolved
inner join customers_changed using (stripe_account_id, customer_id)
where links_resolved.account_id is null
