-- Grain: one account to rebuild: those of the changed customers, before and now, and those whose
-- ids differ from them in case alone (their customers' data quality depends on each other).
with

customers_changed as (

    select * from {{ ref('int_customers_changed') }}

),

links_resolved as (

    select * from {{ named_rows(
        ref('int_links_resolved'), 'customer_id', ref('int_customers_changed'), position='rowid'
    ) }}

),

changed_links as (

    select links_resolved.*
    from links_resolved
    inner join customers_changed using (stripe_account_id, customer_id)

),

changed_accounts as (

    select account_id
    from changed_links
    where account_id is not null

    union distinct

    select previous_account_id as account_id
    from changed_links
    where previous_account_id is not null

),

similar_accounts as (

    select distinct links.account_id
    from {{ ref('int_links_resolved') }} as links
    inner join changed_accounts on lower(links.account_id) = lower(changed_accounts.account_id)

)

select account_id from changed_accounts
union distinct
select account_id from similar_accounts
