-- Grain: one account to rebuild: those of the touched customers, before and now, and those whose
-- ids differ from them in case alone (their customers' data quality depends on each other).
with

customers_touched as (

    select * from {{ ref('int_customers_touched') }}

),

links_resolved as (

    select * from {{ ref('int_links_resolved') }}

),

touched_links as (

    select links_resolved.*
    from links_resolved
    inner join customers_touched using (stripe_account_id, customer_id)

),

touched_accounts as (

    select account_id
    from touched_links
    where account_id is not null

    union distinct

    select previous_account_id as account_id
    from touched_links
    where previous_account_id is not null

),

similar_accounts as (

    select distinct links_resolved.account_id
    from links_resolved
    inner join touched_accounts
        on lower(links_resolved.account_id) = lower(touched_accounts.account_id)

)

select account_id from touched_accounts
union distinct
select account_id from similar_accounts
