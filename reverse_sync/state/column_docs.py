"""What each published table of the sync and its columns say, for analysts; no SQL, no decisions.

Enters: nothing. Leaves: a description by table, and by table and column, with unit (counts, times)
and source, as the marts' own columns have.
"""

from collections.abc import Mapping

RUN = {
    "version": "The run's number; versions only grow. Unit: one a run. From the plan.",
    "run_id": "The run. From the plan; Dagster's run, or the command's.",
    "account_id": "The account. From account_traits.account_id.",
    "op": "create, update, resync (all traits again) or undo. From the plan.",
    "attempts": "How often it was sent. Unit: attempts. From the deliveries.",
    "error": "Why it was not taken; null: it was, or was not tried. From the store's answer.",
}
TABLES: Mapping[str, str] = {
    "sync_runs": "One row a run of the reverse-sync: what it found, sent and was answered.",
    "sync_changelog": "One row a change of a trait that a run wrote: old, new, and the answer.",
    "sync_snapshot": "One row an account: the traits that the account store took last.",
    "sync_invalid": "One row an account that is kept out of the reverse-sync, and why.",
    "sync_drift": "One row a difference that the last reconcile found in the account store.",
    "sync_backlog": "One row an account whose write waits for an answer, or was refused.",
    "dead_letters": "One row a write that was given up, with the answer that ended it.",
}
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "sync_runs": RUN
    | {
        "mode": "single or multi. From MULTIPLE_SUBSCRIPTIONS.",
        "as_of": "The moment that lifecycles were judged at. Unit: UTC. From the command.",
        "status": "running, done, failed, interrupted or blocked. From how the run ended.",
        "selected": "Unit: accounts in the model. From account_traits.",
        "unchanged": "Unit: accounts that hold all this already. From the diff.",
        "invalid": "Unit: accounts kept out. From sync_invalid.",
        "sent": "Unit: accounts in the plan. From the plan.",
        "acknowledged": "Unit: accounts that the store took. From the store's answers.",
        "rejected": "Unit: accounts that the store refused for good. From the store's answers.",
        "pending": "Unit: accounts without an answer that ends it. From sync_backlog.",
        "creates": "Unit: accounts to create. From the plan.",
        "updates": "Unit: accounts to update. From the plan.",
        "traits_set": "Unit: traits given a value. From the plan.",
        "traits_cleared": "Unit: traits that lose their value. From the plan.",
        "error": "Why it failed or was blocked. From the store or the guards.",
        "kind": "sync, apply, retry, resync, repair or undo. From the command.",
        "blocked": "Unit: accounts held by a guard or a dead letter. From guards and dead_letters.",
        "deferred": "Unit: accounts that wait for time or budget. From sync_backlog.",
        "churns": "Unit: accounts that turn churned. From the plan.",
        "overridden": "Guards that were let pass this once. From --override.",
        "planned": "The plan's digest. From the plan.",
        "approved_by": "Who looked at the plan, too; null: nobody had to. From --approved-by.",
    },
    "sync_changelog": RUN
    | {
        "trait": "The trait; null: the account as a whole. From account_traits.traits.",
        "old": "The value before, as JSON. From sync_snapshot.",
        "new": "The value sent, as JSON; all traits of an account sent whole. From account_traits.",
        "op": "create, resync, update, set or unset. From the plan.",
        "status": "acknowledged, rejected, failed or superseded. From the store's answer.",
        "at": "The as_of of the run that wrote the row. Unit: UTC. From sync_runs.as_of.",
        "reply": "What the store answered. From its answer.",
    },
    "sync_snapshot": RUN
    | {
        "name": "The name last taken. From account_traits.name.",
        "traits": "The traits last taken, as JSON. From account_traits.traits.",
        "source_md5": "Tells rows that have not changed. From the text of account_traits.",
        "tracking": "Digest of the tracking behind the lifecycle. From tracking_config.",
        "review_at": "When time alone changes the lifecycle. Unit: UTC. From a trial's date.",
        "acknowledged_at": "The as_of of the run whose write was taken. Unit: UTC. From sync_runs.",
        "lifecycle_status": "trial, subscribed, churned or null. From the tracked traits.",
        "mrr": "The account's revenue as text, in major units of `currency`. From its trait.",
        "currency": "Currency of mrr. From stripe.currency.",
        "traits_held": "Unit: traits that have a value. From account_traits.traits.",
        "gone_at": "When a run first missed it. Unit: UTC. From account_traits.",
        "lifecycle": "As a reconcile found it, until a plan knows its facts. From the store.",
        "facts": "What its lifecycle was made of beside the traits, as JSON. From account_traits.",
    },
    "sync_invalid": {
        "account_id": RUN["account_id"],
        "reason": "Why it is kept out. From the check of its row.",
        "run_id": RUN["run_id"],
    },
    "sync_drift": {
        "account_id": RUN["account_id"],
        "kind": "changed, missing, extra or unremembered. From the last reconcile.",
        "trait": "The trait; null: the account as a whole. From the store.",
        "acknowledged": "What the store had taken, as JSON. From sync_snapshot.",
        "held": "What it holds, as JSON. From the store.",
        "found_at": "When. Unit: UTC. From the reconcile.",
        "run_id": RUN["run_id"],
    },
    "sync_backlog": RUN
    | {
        "status": "pending or rejected. From the store's answer.",
        "priority": "The lower goes first. From what changes: lifecycle, revenue, new, the rest.",
        "next_attempt_at": "Not before this; null: at once. Unit: UTC. From the last attempt.",
        "planned_at": "The as_of of the run that planned it. Unit: UTC. From the plan.",
    },
    "dead_letters": RUN
    | {
        "changes": "Trait, old and new value of each change. From the plan.",
        "code": "The store's own. From its answer.",
        "body": "The beginning of the answer. From the store.",
        "parked_at": "When it was given up. Unit: UTC. From the delivery.",
        "resolved_at": "When that ended. Unit: UTC. From a retry or a newer change.",
        "resolution": "retried or superseded; null: it waits. From what ended it.",
    },
}
