"""Which rows of account_traits need a look, as DuckDB finds them beside what was acknowledged.

Enters: nothing. Leaves: the statements that `candidates` runs, and their parameters' names in them.
"""

from dataclasses import fields

from reverse_sync.values.lifecycle import Facts

# Two steps, because traits are long: first which rows need a look, by short columns alone, in a
# database of its own (a transaction writes to one only); then the traits of those rows, in parts.
CONSIDERED = """
    create table considering.considered as
    with judged as (
        select
            account_traits.account_id,
            account_traits.name,
            {facts} as facts,
            account_traits.traits::varchar as traits,
            $everyone or audience.account_id is not null as is_for_store
        from published.main.account_traits
        left join considering.audience as audience
            on account_traits.account_id = audience.account_id
        where not $chosen
            or account_traits.account_id in (select account_id from considering.chosen)
    ),

    source as (
        select
            account_id,
            name,
            facts,
            is_for_store,
            coalesce(strlen(traits), 0) as length,
            md5(traits || facts || $rules || if(is_for_store, '', 'not for it')) as source_md5
        from judged
        -- Whoever is not for this store any more is cleared in it.
        where is_for_store or account_id in (select account_id from sync.sync_snapshot)
    ),

    duplicates as (
        select account_id, count(*) as copies
        from source
        group by account_id
        having count(*) > 1
    ),

    unresolved as (
        select account_id
        from sync.outbox
        where status in ('pending', 'rejected', 'parked')
    ),

    joined as (
        select
            source.*,
            coalesce(snapshot.tracking <> $tracking or snapshot.review_at <= $as_of, false) as due,
            coalesce(duplicates.copies, 1) as copies,
            snapshot.account_id is null
            or snapshot.source_md5 is distinct from source.source_md5
            or snapshot.name is distinct from source.name
            or unresolved.account_id is not null as differs
        from source
        left join sync.sync_snapshot as snapshot on source.account_id = snapshot.account_id
        left join unresolved on source.account_id = unresolved.account_id
        left join duplicates on source.account_id is not distinct from duplicates.account_id
    ),

    flagged as (
        select *, differs or due or copies > 1 or $whole as needed
        from joined
    )

    select
        needed,
        case when needed then account_id end as account_id,
        case when needed then name end as name,
        case when needed then source_md5 end as source_md5,
        case when needed then facts end as facts,
        case when needed then length end as length,
        is_for_store,
        due,
        copies
    from flagged
"""

AUDIENCE = """
    insert into considering.audience
    select distinct account_id from published.main.account_traits
    where account_id not in (select unnest($leave_out))
        and ($segment is null or account_id in (
            select account_id from published.main.segment_members
            where segment = $segment and left_at is null
        ))
"""

# The currencies that an account's amounts are in, by how many decimals they have.
DECIMALS = """
    insert into considering.decimals
    with used as (
        select account_id, currency from published.main.single_subscription_traits
        union all select account_id, currency from published.main.subscriptions
        union all select account_id, currency from published.main.invoices
        union all select account_id, all_mrr_currency from published.main.multi_subscription_traits
    ),

    listed as (select unnest($currencies) as currency, unnest($places) as places)

    select used.account_id, list(distinct coalesce(listed.places, 2)) as decimals
    from used
    left join listed on used.currency = listed.currency
    where used.currency is not null and used.account_id is not null
    group by used.account_id
"""

DIVIDED = """
    create table considering.candidates as
    select
        * exclude (length),
        (sum(length) over (order by account_id nulls first rows unbounded preceding))
            // greatest($part, (sum(length) over ()) // $parts + 1) as part
    from considering.considered
    where needed
"""

# What a lifecycle is made of beside the traits: the fields of `Facts`, as JSON.
FACT_COLUMNS = tuple(field.name for field in fields(Facts) if field.name != "traits")
FACTS = ", ".join(f"'{name}': {name}" for name in FACT_COLUMNS)
FACTS_TEXT = f"to_json({{{FACTS}}})::varchar"

CANDIDATES = """
    with considered as (
        select * from considering.candidates
        anti join considering.left_out using (account_id)
        where part = $part
    ),

    source as (
        select account_id, traits from published.main.account_traits
        where account_id in (select account_id from considered)
    ),

    snapshot as (
        select * from sync.sync_snapshot
        where account_id in (select account_id from considered)
    ),

    waiting as (
        select * from sync.outbox
        where status in ('pending', 'rejected', 'parked')
            and account_id in (select account_id from considered)
    )

    select
        considered.account_id,
        considered.name,
        source.traits::varchar as traits,
        considered.source_md5,
        considered.facts,
        considered.due,
        considered.copies,
        considered.is_for_store,
        decimals.decimals,
        snapshot.name as acknowledged_name,
        snapshot.traits as acknowledged,
        snapshot.facts as acknowledged_facts,
        snapshot.lifecycle as held_lifecycle,
        snapshot.lifecycle_status as acknowledged_status,
        snapshot.mrr as acknowledged_mrr,
        waiting.status as waiting_status,
        waiting.op as waiting_op,
        waiting.name as waiting_name,
        waiting.traits as waiting_traits,
        waiting.changes as waiting_changes,
        waiting.source_md5 as waiting_md5,
        waiting.tracking as waiting_tracking,
        coalesce(waiting.attempts, 0) as attempts,
        waiting.next_attempt_at
    from considered
    left join source
        on considered.account_id = source.account_id and considered.copies = 1
    left join considering.decimals on considered.account_id = decimals.account_id
    left join snapshot on considered.account_id = snapshot.account_id
    left join waiting on considered.account_id = waiting.account_id
"""
